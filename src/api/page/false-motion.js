import { h } from './dom.js';
import { drawShapes } from './zone-drawing.js';

const answers = [
  ['correct', 'Right'],
  ['wrong', 'Wrong words'],
  ['false_motion', 'Nothing moved'],
];
const shownProposals = 3;

/** What a person says of an event and, when nothing moved, what would have prevented it. One for each event shown. */
export class FalseMotion {
  /** Kept while news of the event come, so that they interrupt nothing. */
  element = h('section', { class: 'verdict' });
  #event;
  #panel = h('div', { class: 'proposals', 'aria-live': 'polite' });
  #isAsked = false;

  constructor(event) {
    this.#event = event;
    this.update(event);
  }

  get id() {
    return this.#event.id;
  }

  update(event) {
    this.#event = event;
    const buttons = answers
      .filter(([value]) => value !== 'false_motion' || event.source === 'motion')
      .map(([value, text]) =>
        h(
          'button',
          {
            type: 'button',
            'data-answer': value,
            'aria-pressed': event.user_feedback === value ? 'true' : 'false',
            onclick: () => void this.#say(this.#event.user_feedback === value ? null : value),
          },
          text,
        ),
      );
    const focused = this.element.querySelector('[data-answer]:focus')?.dataset.answer;
    this.element.replaceChildren(
      h('div', { class: 'frames', role: 'group', 'aria-label': 'Was this right?' }, ...buttons),
      this.#panel,
    );
    if (focused !== undefined) this.element.querySelector(`[data-answer="${focused}"]`)?.focus();
    const isFalse = event.user_feedback === 'false_motion';
    if (isFalse && !this.#isAsked) void this.#ask();
    if (!isFalse) this.#panel.replaceChildren();
    this.#isAsked = isFalse;
  }

  async #say(feedback) {
    const answer = await send('PATCH', `/api/v1/events/${this.#event.id}`, { user_feedback: feedback });
    if (answer.error === undefined) this.update({ ...this.#event, user_feedback: answer.user_feedback });
    else this.#tell(answer.error.message);
  }

  async #ask() {
    this.#tell('Looking through the last week…');
    const answer = await send('GET', `/api/v1/cameras/${this.#event.camera_id}/proposals`);
    if (this.#event.user_feedback !== 'false_motion') return;
    if (answer.error !== undefined) this.#tell(answer.error.message);
    else if (answer.proposals.length === 0) this.#tell(answer.message);
    else this.#show(answer);
  }

  #tell(text) {
    this.#panel.replaceChildren(h('p', { class: 'proposals-note' }, text));
  }

  #show({ proposals, is_changeable: isChangeable }) {
    this.#panel.replaceChildren(
      h('h3', {}, 'What would have prevented this'),
      h(
        'ol',
        {},
        ...proposals.slice(0, shownProposals).map((proposal) => this.#proposal(proposal, isChangeable)),
      ),
      h('p', { class: 'proposals-note' }, 'Counted over the last week, from stored motion: an estimate.'),
    );
  }

  #proposal(proposal, isChangeable) {
    const { summary, change, removes, costs, unknown } = proposal;
    const isThis = removes.false_motion.event_ids.includes(this.#event.id);
    const zone = proposal.kind === 'zone' ? change.zones.at(-1) : undefined;
    const done = h('p', { class: 'proposals-note', role: 'status' });
    return h(
      'li',
      {
        onmouseenter: () => zone && this.#outline(zone.points),
        onmouseleave: () => this.#outline(undefined),
        onfocusin: () => zone && this.#outline(zone.points),
        onfocusout: () => this.#outline(undefined),
      },
      h('p', { class: 'proposal-summary' }, summary),
      h(
        'p',
        { class: 'proposal-counts' },
        [
          `${proposal.kind === 'labels' ? 'keeps quiet about' : 'removes'} ${count(removes.false_motion.count, 'false one')}${isThis ? ', this one among them' : ', but not this one'}`,
          removes.unmarked.count > 0 && `and ${removes.unmarked.count} that nobody has marked`,
          costs.count === 0 ? 'costs no true one' : `costs ${count(costs.count, 'true one')}`,
          unknown > 0 && `not known of ${unknown}`,
        ]
          .filter(Boolean)
          .join(' · '),
      ),
      isChangeable
        ? h(
            'button',
            {
              type: 'button',
              class: 'apply',
              onclick: ({ target }) => void this.#apply(change, target, done),
            },
            'Change the camera',
          )
        : h(
            'p',
            { class: 'proposals-note' },
            'In the configuration: ',
            h('code', {}, JSON.stringify(change)),
          ),
      done,
    );
  }

  async #apply(change, button, done) {
    button.disabled = true;
    const answer = await send('PATCH', `/api/v1/cameras/${this.#event.camera_id}`, change);
    button.disabled = answer.error === undefined;
    done.textContent = answer.error === undefined ? 'Done: it holds from now on.' : answer.error.message;
  }

  /** Draws the zone over the picture that is shown, if one is. */
  #outline(points) {
    const stage = this.element.closest('dialog')?.querySelector('.stage-picture');
    stage?.querySelector('.proposed-zone')?.remove();
    if (points === undefined || !stage) return;
    stage.append(drawShapes('proposed-zone', [{ kind: 'exclude', points }]));
  }
}

function count(number, what) {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** The answer, or `{error}` also where none came. */
async function send(method, path, body) {
  try {
    const response = await fetch(path, {
      method,
      headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return await response.json();
  } catch {
    return { error: { message: 'The service did not answer.' } };
  }
}
