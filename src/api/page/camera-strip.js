import { byId, h } from './dom.js';
import { cameraStatus, pictureTrouble, scheduleNote } from './wording.js';

/**
 * @param {readonly object[]} cameras as the API lists them
 * @param {(id: string) => void} onOpen somebody wants to see what a camera sees
 */
export function showCameras(cameras, onOpen) {
  const list = byId('cameras');
  const focused = document.activeElement?.closest('.camera')?.dataset.camera;
  byId('cameras-section').hidden = cameras.length === 0;
  list.replaceChildren(...cameras.map((camera) => cameraChip(camera, onOpen)));
  if (focused !== undefined) list.querySelector(`[data-camera="${focused}"] button`)?.focus();
}

function cameraChip({ id, name, state, origin }, onOpen) {
  const isStreaming = state.status === 'streaming';
  const words = [cameraStatus(state)];
  if (isStreaming && state.fps > 0) words.push(`${Math.round(state.fps)} fps`);
  const schedule = state.status === 'disabled' ? null : scheduleNote(state);
  const trouble = pictureTrouble(state);
  return h(
    'li',
    { class: 'camera', 'data-status': trouble === undefined ? state.status : 'troubled', 'data-camera': id },
    h(
      'button',
      { type: 'button', class: 'camera-chip', title: 'Live view', onclick: () => onOpen(id) },
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
    ),
  );
}
