export interface SecretListing {
  readonly name: string;
  /** The last four characters, of those that are long enough to stay secret without them; for recognising it. */
  readonly last4: string | null;
  /** False when the key that sealed it is gone, or the row was changed: it has to be entered again. */
  readonly isReadable: boolean;
  readonly updatedAt: number;
}

/** Secrets that people enter, such as the keys of providers: sealed on the disk (secret-box.ts), never listed in clear. */
export interface SecretStore {
  /** `undefined` when there is none. Rejects with `SECRET_UNREADABLE` when it can't be opened. */
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  /** False when there was none. */
  delete(name: string): Promise<boolean>;
  /** By name. */
  list(): Promise<SecretListing[]>;
  /**
   * Makes a new key, where it is the key file that seals, and seals everything again with the key that seals now:
   * all in one transaction. Former keys stay readable.
   */
  rotate(): Promise<SecretRotation>;
}

export interface SecretRotation {
  /** False when the key comes from the environment or a credential: put a new one before it there, then rotate. */
  readonly isNewKey: boolean;
  /** Secrets and camera passwords that are sealed with the current key now and were not before. */
  readonly resealed: number;
  /** What could not be opened and was left as it is, e.g. `the password of the camera "Gate"`. */
  readonly unreadable: readonly string[];
}
