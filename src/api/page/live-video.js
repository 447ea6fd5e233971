const retryMs = 2000;
/** No picture for so long: the camera is away. */
const silenceMs = 3000;
/** Farther behind the newest picture than this, the rest is skipped; a little behind, it is caught up with. */
const skipBehindSeconds = 1.5;
const hurryBehindSeconds = 0.35;
const hurryRate = 1.15;
/** Kept behind what is shown; a browser has room for some minutes. */
const keptSeconds = 10;

/** Plays a camera's own video as it comes by the WebSocket, with hardly any delay, until it is stopped. */
export class LiveVideo {
  #video;
  #address;
  #handlers;
  #socket;
  #retryTimer;
  #silenceTimer;
  #buffer;
  #waiting = [];
  #objectUrl;

  /**
   * @param {HTMLVideoElement} video
   * @param {string} cameraId
   * @param handlers `onPlaying()`; `onWaiting()`: connected again, or waiting for the camera; `onRefused(url, message)`: this
   *   video can't be played, `url` shows the camera in another way
   */
  constructor(video, cameraId, handlers) {
    this.#video = video;
    this.#handlers = handlers;
    const address = new URL(`/ws/cameras/${encodeURIComponent(cameraId)}/live`, location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#address = address;
    this.fallbackUrl = `/api/v1/cameras/${encodeURIComponent(cameraId)}/stream`;
    video.addEventListener('playing', handlers.onPlaying);
    this.#connect();
  }

  stop() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    this.#handlers = undefined;
    this.#socket?.close();
    this.#endMedia();
  }

  #connect() {
    const socket = new WebSocket(this.#address);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      if (this.#handlers === undefined) return;
      if (typeof data === 'string') this.#hear(JSON.parse(data));
      else this.#take(data);
    });
    socket.addEventListener('close', () => {
      if (this.#handlers === undefined) return;
      this.#handlers.onWaiting();
      this.#retryTimer = setTimeout(() => this.#connect(), retryMs);
    });
  }

  #hear(message) {
    if (message.type === 'INIT') this.#begin(message.mime_type);
    else if (message.type === 'ERROR') this.#refuse(message.fallback_url, message.message);
  }

  /** At first, and whenever the camera was away or its video became another one. */
  #begin(mimeType) {
    this.#endMedia();
    if (!('MediaSource' in window) || !MediaSource.isTypeSupported(mimeType)) {
      this.#refuse(this.fallbackUrl, `This browser does not play the camera's format (${mimeType}).`);
      return;
    }
    const media = new MediaSource();
    this.#objectUrl = URL.createObjectURL(media);
    this.#video.src = this.#objectUrl;
    media.addEventListener('sourceopen', () => {
      if (this.#video.src !== this.#objectUrl || media.readyState !== 'open') return;
      this.#buffer = media.addSourceBuffer(mimeType);
      this.#buffer.addEventListener('updateend', () => this.#append());
      this.#append();
    });
    this.#video.play().catch(() => {
      // Shown as soon as there is something to be shown; muted video needs no permission.
    });
  }

  #take(bytes) {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#handlers.onWaiting(), silenceMs);
    this.#waiting.push(bytes);
    this.#append();
  }

  #append() {
    const buffer = this.#buffer;
    if (buffer === undefined || buffer.updating || this.#video.error !== null) return;
    this.#keepUp(buffer);
    if (buffer.updating || this.#waiting.length === 0) return;
    try {
      buffer.appendBuffer(joined(this.#waiting));
      this.#waiting = [];
    } catch {
      // Full, or closed by an error: begun anew.
      this.#socket.close();
      this.#endMedia();
    }
  }

  #keepUp(buffer) {
    const video = this.#video;
    const { buffered } = video;
    if (buffered.length === 0) return;
    const end = buffered.end(buffered.length - 1);
    const behind = end - video.currentTime;
    // Also over a gap, where pictures were left out for a slow connection.
    if (behind > skipBehindSeconds)
      video.currentTime = Math.max(buffered.start(buffered.length - 1), end - 0.1);
    video.playbackRate = behind > hurryBehindSeconds ? hurryRate : 1;
    if (video.paused) video.play().catch(() => {});
    const old = video.currentTime - keptSeconds;
    if (buffered.start(0) < old - keptSeconds) buffer.remove(0, old);
  }

  #refuse(url, message) {
    const handlers = this.#handlers;
    this.stop();
    handlers?.onRefused(url, message);
  }

  #endMedia() {
    this.#buffer = undefined;
    this.#waiting = [];
    if (this.#objectUrl === undefined) return;
    URL.revokeObjectURL(this.#objectUrl);
    this.#objectUrl = undefined;
    this.#video.removeAttribute('src');
    this.#video.load();
  }
}

function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part), offset);
    offset += part.byteLength;
  }
  return bytes;
}
