import { Readable } from 'node:stream';
import type { Picture } from '../core/frame.ts';

const boundary = 'vedette';

export const pictureStreamType = `multipart/x-mixed-replace; boundary=${boundary}`;

/**
 * Pictures as browsers show them one after the other in an `<img>`. One is on its way and one waits at most: while the
 * reader is slow, a newer one takes the place of the one that waits.
 */
export class PictureStream extends Readable {
  #isWanted = false;
  #isFirst = true;
  #hasEnded = false;
  #next: Picture | undefined;

  constructor() {
    super({ highWaterMark: 1 });
  }

  offer(picture: Picture): void {
    if (this.destroyed || this.#hasEnded) return;
    this.#next = picture;
    if (this.#isWanted) this.#send();
  }

  end(): void {
    if (this.destroyed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#next = undefined;
    this.push(null);
  }

  override _read(): void {
    this.#isWanted = true;
    this.#send();
  }

  #send(): void {
    if (this.#next === undefined) return;
    const { jpeg } = this.#next;
    this.#next = undefined;
    // The boundary behind the picture and not before the next one: browsers show a picture once it has ended.
    const head = `Content-Type: image/jpeg\r\nContent-Length: ${jpeg.byteLength}\r\n\r\n`;
    const begin = this.#isFirst ? `--${boundary}\r\n${head}` : head;
    this.#isFirst = false;
    this.#isWanted = false;
    this.push(Buffer.concat([Buffer.from(begin), jpeg, Buffer.from(`\r\n--${boundary}\r\n`)]));
  }
}
