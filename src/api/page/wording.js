const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minutes = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const minutesOfDay = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const dayOfThisYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayOfAnyYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });

/** @param {string} time ISO 8601 */
export function clockTime(time) {
  return clock.format(new Date(time));
}

export function wholeTime(time) {
  return whole.format(new Date(time));
}

/** "Today", "Yesterday" or the date, in the reader's own time zone. */
export function dayName(time, now = new Date()) {
  const date = new Date(time);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (date.toDateString() === now.toDateString()) return 'Today';
  if (date.toDateString() === yesterday.toDateString()) return 'Yesterday';
  return (date.getFullYear() === now.getFullYear() ? dayOfThisYear : dayOfAnyYear).format(date);
}

export function seconds(ms) {
  if (ms < 950) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

const skipReasons = {
  overload: 'too much happened at once',
  budget: 'the budget for models is used up',
};

/** What stands in the place of a description that is not there. */
export function descriptionStatus(event) {
  switch (event.description_status) {
    case 'pending':
      return 'Being described…';
    case 'skipped':
      return `Not described: ${skipReasons[event.description_reason] ?? event.description_reason ?? 'skipped'}`;
    case 'failed':
      return `Could not be described: ${event.description_reason ?? 'no reason given'}`;
    default:
      return 'Without a description';
  }
}

const clipFailures = {
  codec_not_playable: "browsers can't play the camera's format",
  disk_full: 'the disk was full',
  interrupted: 'Vedette ended while it was being recorded',
};

/** Of an event by itself; `null` where there is nothing to say: a clip that is there shows itself. */
export function clipNote({ clip }) {
  if (clip === null || clip.status === 'ready') return null;
  if (clip.status === 'recording') return 'being recorded…';
  return `none: ${clipFailures[clip.reason] ?? clip.reason}`;
}

/** How long it took from the first motion to the words; `null` while there are none. */
export function howFast(event) {
  const ms = event.timings_ms.described ?? event.timings_ms.total;
  return ms === null || event.source === 'api' ? null : `described in ${seconds(ms)}`;
}

const statusWords = {
  streaming: 'Watching',
  connecting: 'Connecting…',
  disconnected: 'Not connected',
  disabled: 'Off',
};

const causeWords = {
  refused: 'connection refused',
  no_such_host: 'no such host',
  unreachable: 'not reachable',
  timeout: 'no answer',
  unauthorized: 'wrong user name or password',
  not_found: 'no such stream',
  unsupported_codec: 'unknown video format',
  invalid_data: 'no video there',
  corrupt: 'damaged video',
  reset: 'connection closed',
  no_frames: 'sends no pictures',
  frozen: 'picture frozen',
  ended: 'stream ended',
  decoder_crashed: 'decoder restarted',
};

export function cameraStatus(state) {
  const word = statusWords[state.status] ?? state.status;
  const cause = state.status === 'disconnected' ? causeWords[state.cause] : undefined;
  return cause === undefined ? word : `${word}: ${cause}`;
}

const conditionWords = {
  dark: 'Sees only black',
  covered: 'Something covers the lens',
  defocused: 'Out of focus',
};

/** What is wrong with the picture of a camera that streams; `undefined` when nothing is. */
export function pictureTrouble(state) {
  return state.status === 'streaming' ? conditionWords[state.picture?.condition] : undefined;
}

/** Why motion makes no event now although the camera is watched; `null` where it does. */
export function scheduleNote({ schedule }) {
  if (schedule === null || schedule.is_active) return null;
  if (schedule.changes_at === null) return 'Outside its schedule';
  return `Outside its schedule until ${soon(schedule.changes_at)}`;
}

/** The time of day, with its weekday when that is not today. */
function soon(time) {
  const at = new Date(time);
  const isToday = at.toDateString() === new Date().toDateString();
  return (isToday ? minutes : minutesOfDay).format(at);
}

export function alternativeText(event) {
  return event.description ?? `Picture of ${event.camera_name}, ${wholeTime(event.timestamp)}`;
}
