import { byId, h } from './dom.js';
import { cameraStatus, pictureTrouble, scheduleNote } from './wording.js';

/** @param {readonly object[]} cameras as the API lists them */
export function showCameras(cameras) {
  byId('cameras-section').hidden = cameras.length === 0;
  byId('cameras').replaceChildren(...cameras.map(cameraChip));
}

function cameraChip({ name, state, origin }) {
  const isStreaming = state.status === 'streaming';
  const words = [cameraStatus(state)];
  if (isStreaming && state.fps > 0) words.push(`${Math.round(state.fps)} fps`);
  const schedule = state.status === 'disabled' ? null : scheduleNote(state);
  const trouble = pictureTrouble(state);
  return h(
    'li',
    { class: 'camera', 'data-status': trouble === undefined ? state.status : 'troubled' },
    h('span', { class: 'dot', 'aria-hidden': 'true' }),
    h(
      'span',
      { class: 'camera-text' },
      h('span', { class: 'camera-name' }, name, origin === 'demo' && h('span', { class: 'tag' }, 'demo')),
      h('span', { class: 'camera-state' }, words.join(' · ')),
      schedule !== null && h('span', { class: 'camera-state' }, schedule),
      trouble !== undefined && h('span', { class: 'camera-cause' }, trouble),
      !isStreaming &&
        state.message !== null &&
        h('span', { class: 'camera-cause', title: state.message }, state.message),
    ),
  );
}
