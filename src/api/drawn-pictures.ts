/** Pictures that are drawn when they are asked for; the last ones are kept, and who asks meanwhile waits for the same one. */
export class DrawnPictures {
  readonly #capacity: number;
  /** The one that was asked for last stands last. */
  readonly #pictures = new Map<string, Promise<Uint8Array>>();

  /** @param capacity pictures; one of 1280 pixels across has about 100 KB */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * @param name of what it shows: the same name is the same picture
   * @param draw what it throws is thrown to everybody who waits, and it is tried anew by the next one
   */
  async get(name: string, draw: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const picture = this.#pictures.get(name) ?? draw();
    this.#pictures.delete(name);
    this.#pictures.set(name, picture);
    for (const oldest of this.#pictures.keys()) {
      if (this.#pictures.size <= this.#capacity) break;
      this.#pictures.delete(oldest);
    }
    try {
      return await picture;
    } catch (error) {
      if (this.#pictures.get(name) === picture) this.#pictures.delete(name);
      throw error;
    }
  }
}
