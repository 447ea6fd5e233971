import { byId, h } from './dom.js';
import { cameraStatus } from './wording.js';

/** @param {readonly object[]} cameras as the API lists them */
export function showCameras(cameras) {
  byId('cameras-section').hidden = cameras.length === 0;
  byId('cameras').replaceChildren(...cameras.map(cameraChip));
}

function cameraChip({ name, state, origin }) {
  const isStreaming = state.status === 'streaming';
  const word =
    isStreaming && state.fps > 0
      ? `${cameraStatus(state)} · ${Math.round(state.fps)} fps`
      : cameraStatus(state);
  return h(
    'li',
    { class: 'camera', 'data-status': state.status },
    h('span', { class: 'dot', 'aria-hidden': 'true' }),
    h(
      'span',
      { class: 'camera-text' },
      h('span', { class: 'camera-name' }, name, origin === 'demo' && h('span', { class: 'tag' }, 'demo')),
      h('span', { class: 'camera-state' }, word),
      !isStreaming &&
        state.message !== null &&
        h('span', { class: 'camera-cause', title: state.message }, state.message),
    ),
  );
}
