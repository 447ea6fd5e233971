import { byId, h, highlightNodes } from './dom.js';
import { alternativeText, clockTime, dayName, descriptionStatus, howFast, wholeTime } from './wording.js';

/** Cards on the page at once; older ones leave when live ones come, and are there again with "Show older events". */
const capacity = 600;

/** The events on the page, newest first, grouped by day. */
export class EventList {
  #events = new Map();
  #cards = new Map();
  #onOpen;
  #isDrawing = false;
  #fresh = new Set();

  /** @param {(id: string) => void} onOpen somebody wants to see an event */
  constructor(onOpen) {
    this.#onOpen = onOpen;
  }

  get size() {
    return this.#events.size;
  }

  replace(events) {
    this.#events = new Map(events.map((event) => [event.id, event]));
    this.#draw();
  }

  /** Adds events, or newer states of them; what comes late and is older than what is shown is left out. */
  merge(events, { isLive = false } = {}) {
    for (const event of events) {
      const known = this.#events.get(event.id);
      if (known !== undefined && known.updated_at > event.updated_at) continue;
      if (known === undefined && isLive) this.#fresh.add(event.id);
      this.#events.set(event.id, event);
    }
    this.#draw();
  }

  has(id) {
    return this.#events.has(id);
  }

  remove(id) {
    this.#events.delete(id);
    this.#draw();
  }

  /** At most once a frame, however many messages come. */
  #draw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#drawNow();
    });
  }

  #drawNow() {
    const sorted = [...this.#events.values()].toSorted(
      (a, b) => b.timestamp.localeCompare(a.timestamp) || b.id.localeCompare(a.id),
    );
    for (const { id } of sorted.splice(capacity)) this.#events.delete(id);
    for (const id of this.#cards.keys()) if (!this.#events.has(id)) this.#cards.delete(id);
    const rows = [];
    let day;
    for (const event of sorted) {
      const name = dayName(event.timestamp);
      if (name !== day) rows.push(h('li', { class: 'day' }, h('h3', {}, name)));
      day = name;
      rows.push(this.#cardOf(event));
    }
    reconcile(byId('event-list'), rows);
    this.#fresh.clear();
  }

  /** A card is made once and then changed in place: its picture is not loaded again, and the focus stays. */
  #cardOf(event) {
    let entry = this.#cards.get(event.id);
    if (entry === undefined) {
      entry = { card: newCard(event, () => this.#onOpen(event.id)), event: undefined };
      if (this.#fresh.has(event.id)) entry.card.setAttribute('data-fresh', '');
      this.#cards.set(event.id, entry);
    }
    if (entry.event !== event) {
      entry.event = event;
      fillCard(entry.card, event);
    }
    return entry.card;
  }
}

function newCard(event, onOpen) {
  return h(
    'li',
    { class: 'event', 'data-event': event.id },
    h(
      'button',
      { type: 'button', class: 'card', onclick: onOpen },
      h('span', { class: 'picture' }, pictureOf(event)),
      h('span', { class: 'card-text' }),
    ),
  );
}

function fillCard(card, event) {
  card.setAttribute('data-status', event.description_status);
  card.querySelector('.picture img')?.setAttribute('alt', alternativeText(event));
  card
    .querySelector('.card-text')
    .replaceChildren(
      h(
        'span',
        { class: 'card-head' },
        h('span', { class: 'card-camera' }, event.camera_name),
        h(
          'time',
          { datetime: event.timestamp, title: wholeTime(event.timestamp) },
          clockTime(event.timestamp),
        ),
      ),
      h('span', { class: 'words' }, ...wordsOf(event)),
      h('span', { class: 'tags' }, ...tagsOf(event)),
    );
}

function pictureOf(event) {
  if (event.thumbnail_url === null) return h('span', { class: 'no-picture' }, 'No picture');
  const image = h('img', {
    src: event.thumbnail_url,
    alt: alternativeText(event),
    loading: 'lazy',
    decoding: 'async',
  });
  image.addEventListener('error', () =>
    image.replaceWith(h('span', { class: 'no-picture' }, 'Picture not available')),
  );
  return image;
}

function wordsOf(event) {
  if (event.highlight) return highlightNodes(event.highlight);
  return [event.description ?? descriptionStatus(event)];
}

function tagsOf(event) {
  const fast = howFast(event);
  return [
    ...event.objects_detected.map((label) => h('span', { class: 'tag' }, label)),
    event.alert_triggered && h('span', { class: 'tag alert' }, 'alert'),
    event.description_reason === 'labels' && h('span', { class: 'tag quiet' }, 'told nobody'),
    event.source === 'manual' && h('span', { class: 'tag quiet' }, 'by hand'),
    fast !== null && h('span', { class: 'timing' }, fast),
  ].filter(Boolean);
}

/** Puts the rows into the list and touches only what differs, so that pictures don't flicker and focus stays. */
function reconcile(list, rows) {
  const wanted = new Set(rows);
  for (const child of list.querySelectorAll(':scope > li')) if (!wanted.has(child)) child.remove();
  rows.forEach((row, index) => {
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  });
}
