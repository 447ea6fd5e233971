import type { CodecParameters, Packet } from 'node-av/lib';

/** What the source declares. */
export interface InputFacts {
  /** Microseconds of one tick of the packets' time stamps. */
  readonly tickUs: number;
  /** `null` when it declares nothing usable. */
  readonly framesPerSecond: number | null;
  readonly durationMs: number | null;
}

/**
 * One connection, read by one owner: `open` once, then `read` one call at a time, `close` only when neither is under
 * way. `interrupt` may be called at any time and makes a pending call return within moments.
 */
export interface PacketInput {
  /** @throws StreamLost */
  open(): Promise<void>;
  /**
   * Waits for the next packet of the video.
   *
   * @returns the caller's from now on; `undefined` at the end of a recording
   * @throws StreamLost
   */
  read(): Promise<Packet | undefined>;
  /** A copy that lives on when the input is closed. */
  copyParameters(): CodecParameters;
  readonly codecId: number;
  /** Known when it is open, and still afterwards. */
  readonly facts: InputFacts;
  interrupt(): void;
  close(): Promise<void>;
}
