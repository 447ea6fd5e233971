import { dialogHead, followDialog } from './dialog.js';
import { byId, h } from './dom.js';
import { LiveVideo } from './live-video.js';
import { cameraStatus } from './wording.js';
import { drawShapes, shapesOf, zoneLegend } from './zone-drawing.js';

/** The dialog that shows what one camera sees now. */
export class CameraView {
  #dialog = byId('camera');
  #id;
  #live;
  #areZonesShown = true;

  constructor() {
    followDialog(this.#dialog, '#camera=', () => this.#end());
  }

  async open(id) {
    if (this.#id === id) return;
    this.#end();
    this.#id = id;
    const response = await fetch(`/api/v1/cameras/${encodeURIComponent(id)}`);
    // Meanwhile another one may have been opened, or this one closed.
    if (this.#id !== id) return;
    if (response.ok) this.#watch(await response.json());
    else this.#show('Camera', h('p', { class: 'problem' }, 'This camera is not there any more.'));
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  #watch(camera) {
    const status = h('p', { class: 'live-status', role: 'status' }, statusOf(camera));
    const video = h('video', { muted: true, playsinline: true, autoplay: true });
    // The attribute alone does not mute a video that a script makes.
    video.muted = true;
    const stage = h('div', { class: 'stage live-stage' }, video, status);
    const shapes = shapesOf(camera);
    /** Again whenever the picture's size becomes known, or another one. */
    const drawZones = (width, height) => {
      stage.querySelector('.zones')?.remove();
      if (shapes.length === 0 || width === 0) return;
      const drawing = drawShapes('zones', shapes, { width, height });
      drawing.toggleAttribute('hidden', !this.#areZonesShown);
      status.before(drawing);
    };
    const showZones = (areShown) => {
      this.#areZonesShown = areShown;
      stage.querySelector('.zones')?.toggleAttribute('hidden', !areShown);
    };
    video.addEventListener('resize', () => drawZones(video.videoWidth, video.videoHeight));
    const legend = shapes.length > 0 ? [zoneLegend(shapes, this.#areZonesShown, showZones)] : [];
    this.#show(camera.name, stage, ...legend);
    this.#live = new LiveVideo(video, camera.id, {
      onPlaying: () => (status.hidden = true),
      onWaiting: () => {
        status.hidden = false;
        status.textContent = 'Waiting for the camera…';
      },
      onRefused: (url, message) => {
        status.textContent = 'Waiting for the first picture…';
        const picture = h('img', {
          src: url,
          alt: `What ${camera.name} sees`,
          title: message,
          onload: () => {
            status.hidden = true;
            drawZones(picture.naturalWidth, picture.naturalHeight);
          },
          onerror: () => (status.textContent = 'The camera shows nothing at the moment.'),
        });
        stage.replaceChildren(picture, status);
      },
    });
  }

  #show(title, ...content) {
    this.#dialog.replaceChildren(dialogHead(this.#dialog, title, 'Live'), ...content);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  #end() {
    this.#id = undefined;
    this.#live?.stop();
    this.#live = undefined;
    // An image goes on loading until it is gone.
    this.#dialog.replaceChildren();
  }
}

function statusOf({ state }) {
  return state.status === 'streaming'
    ? 'Waiting for the first picture…'
    : (state.message ?? cameraStatus(state));
}
