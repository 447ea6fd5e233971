import { dialogHead, followDialog } from './dialog.js';
import { byId, h } from './dom.js';
import { FalseMotion } from './false-motion.js';
import { alternativeText, clipNote, clockTime, descriptionStatus, seconds, wholeTime } from './wording.js';

/** The dialog that shows one event. */
export class EventDetail {
  #dialog = byId('detail');
  #id;
  #frameNumber = 1;
  #isMarked = true;
  /** Where something moved and how long is shown in place of a picture. */
  #isHeat = false;
  /** The clip is shown in place of a picture; kept, so that news of the event don't interrupt it. */
  #clip;
  /** @type {FalseMotion | undefined} */
  #verdict;

  constructor() {
    followDialog(this.#dialog, '#event=', () => {
      this.#id = undefined;
      // A video goes on playing until it is gone.
      this.#dialog.replaceChildren();
    });
  }

  get id() {
    return this.#id;
  }

  async open(id) {
    if (this.#id !== id) {
      this.#frameNumber = 1;
      this.#isHeat = false;
      this.#clip = undefined;
    }
    this.#id = id;
    const response = await fetch(`/api/v1/events/${encodeURIComponent(id)}`);
    // Meanwhile another one may have been opened, or this one closed.
    if (this.#id !== id) return;
    if (response.ok) this.#show(await response.json());
    else
      this.#showProblem(
        response.status === 404 ? 'This event is not there any more.' : 'The event could not be loaded.',
      );
    if (!this.#dialog.open) this.#dialog.showModal();
    // What had the focus was replaced by its newer state.
    else if (!this.#dialog.contains(document.activeElement)) this.#dialog.querySelector('.close').focus();
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  #showProblem(text) {
    this.#dialog.replaceChildren(dialogHead(this.#dialog, 'Event'), h('p', { class: 'problem' }, text));
  }

  #show(event) {
    if (this.#verdict?.id === event.id) this.#verdict.update(event);
    else this.#verdict = new FalseMotion(event);
    const frame = event.frames.find(({ number }) => number === this.#frameNumber) ?? event.frames[0];
    const hasMarks =
      this.#clip === undefined &&
      !this.#isHeat &&
      event.frames.length > 0 &&
      (event.detections.length > 0 || event.frames.some(({ regions }) => regions.length > 0));
    const focused = document.activeElement;
    this.#dialog.replaceChildren(
      dialogHead(this.#dialog, event.camera_name, wholeTime(event.timestamp)),
      this.#clip === undefined ? this.#stage(event, frame) : h('div', { class: 'stage' }, this.#clip),
      h(
        'div',
        { class: 'stage-bar' },
        h(
          'div',
          { class: 'frames', role: 'group', 'aria-label': 'Pictures' },
          ...(event.frames.length > 1 || event.clip_url !== null || event.heatmap_url !== null
            ? event.frames.map((entry) => this.#frameButton(event, entry, frame))
            : []),
          event.heatmap_url !== null && this.#heatButton(event),
          event.clip_url !== null && this.#clipButton(event),
        ),
        hasMarks &&
          h(
            'label',
            { class: 'marks-switch' },
            h('input', {
              type: 'checkbox',
              checked: this.#isMarked,
              onchange: ({ target }) => {
                this.#isMarked = target.checked;
                this.#dialog.querySelector('.marks')?.toggleAttribute('hidden', !target.checked);
              },
            }),
            'Show boxes',
          ),
      ),
      h(
        'p',
        { class: 'detail-words', 'data-status': event.description_status },
        event.description ?? descriptionStatus(event),
      ),
      this.#verdict.element,
      h(
        'dl',
        { class: 'facts' },
        ...factsOf(event).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
      ),
      h('p', { class: 'links' }, h('a', { href: `/api/v1/events/${event.id}` }, 'As JSON')),
    );
    // It is the same as before, but was taken out for a moment.
    if (this.#verdict.element.contains(focused)) focused.focus();
  }

  #stage(event, frame) {
    if (frame === undefined) return h('div', { class: 'stage no-picture' }, 'No picture');
    if (this.#isHeat && event.heatmap_url !== null) {
      const heat = h('img', {
        src: event.heatmap_url,
        alt: `Where something moved, and how long. ${event.why}`,
        width: frame.width,
        height: frame.height,
      });
      return h('div', { class: 'stage' }, h('div', { class: 'stage-picture' }, heat));
    }
    const detections = frame.number === 1 ? event.detections : [];
    return h(
      'div',
      { class: 'stage' },
      h(
        'div',
        { class: 'stage-picture' },
        h('img', {
          src: frame.url,
          alt: alternativeText(event),
          width: frame.width,
          height: frame.height,
        }),
        h(
          'div',
          { class: 'marks', hidden: !this.#isMarked, 'aria-hidden': 'true' },
          ...frame.regions.map(({ box }) => markOf(box, 'region')),
          ...detections.map(({ box, label, score }) =>
            markOf(box, 'detection', `${label} ${Math.round(score * 100)} %`),
          ),
        ),
      ),
    );
  }

  #heatButton(event) {
    return h(
      'button',
      {
        type: 'button',
        'aria-pressed': this.#isHeat && this.#clip === undefined ? 'true' : 'false',
        onclick: () => {
          this.#clip = undefined;
          this.#isHeat = true;
          this.#show(event);
          this.#dialog.querySelector('.frames [aria-pressed="true"]')?.focus();
        },
      },
      'Heat map',
    );
  }

  #clipButton(event) {
    return h(
      'button',
      {
        type: 'button',
        'aria-pressed': this.#clip === undefined ? 'false' : 'true',
        onclick: () => {
          this.#isHeat = false;
          this.#clip ??= h('video', {
            src: event.clip_url,
            controls: true,
            autoplay: true,
            playsinline: true,
          });
          this.#show(event);
          this.#dialog.querySelector('.frames [aria-pressed="true"]')?.focus();
        },
      },
      'Clip',
    );
  }

  #frameButton(event, entry, shown) {
    const isBest = entry.number === 1;
    return h(
      'button',
      {
        type: 'button',
        'aria-pressed': this.#clip === undefined && !this.#isHeat && entry === shown ? 'true' : 'false',
        onclick: () => {
          this.#clip = undefined;
          this.#isHeat = false;
          this.#frameNumber = entry.number;
          this.#show(event);
          this.#dialog.querySelector('.frames [aria-pressed="true"]')?.focus();
        },
      },
      `${isBest ? 'Best · ' : ''}${clockTime(entry.captured_at)}`,
    );
  }
}

/** A frame drawn over the picture; `box` is [x, y, width, height] of 0..1. */
function markOf(box, kind, text) {
  const [x, y, width, height] = box;
  const mark = h('div', { class: `mark ${kind}` }, text && h('span', {}, text));
  // Through the object model: the page's policy allows no style attributes.
  mark.style.left = `${x * 100}%`;
  mark.style.top = `${y * 100}%`;
  mark.style.width = `${width * 100}%`;
  mark.style.height = `${height * 100}%`;
  if (y < 0.08) mark.classList.add('label-inside');
  return mark;
}

function factsOf(event) {
  const timings = event.timings_ms;
  const duration =
    event.ended_at === null ? null : Math.max(0, Date.parse(event.ended_at) - Date.parse(event.started_at));
  const isMotion = event.motion !== null;
  return [
    ['Seen', event.objects_detected.length > 0 && event.objects_detected.join(', ')],
    ['Confidence', event.confidence !== null && `${Math.round(event.confidence)} %`],
    [
      'Motion',
      isMotion &&
        `${clockTime(event.started_at)}${duration === null ? ', goes on' : `, for ${seconds(duration)}`}`,
    ],
    ['Why', event.why],
    ['Clip', clipNote(event)],
    ['Captured after', isMotion && timings.captured !== null && seconds(timings.captured)],
    ['Described after', timings.described !== null && seconds(timings.described)],
    ['Described by', event.provider !== null && [event.provider, event.model].filter(Boolean).join(', ')],
    ['Cost', event.cost_usd !== null && event.cost_usd > 0 && `$${event.cost_usd.toFixed(4)}`],
    ['Id', event.id],
  ].filter(([, value]) => value !== false && value !== null);
}
