/** Events that may go: those of a span of time, of some cameras. */
export interface CleanupScope {
  /** `null` for all. */
  readonly cameraId: string | null;
  /** Left out where `cameraId` is `null`. */
  readonly exceptCameraIds: readonly string[];
  /** Events of before this moment, epoch ms. */
  readonly before: number;
  /** `kept`: starred events stay. `only`: no others go. */
  readonly starred: 'kept' | 'included' | 'only';
}

/** What a clean-up is to delete. Made by `planCleanup`, which counts first. */
export interface CleanupPlan {
  readonly scopes: readonly CleanupScope[];
  /** Events stored later than this are not touched: they were not counted. Epoch ms. */
  readonly storedUntil: number;
  readonly events: number;
  /** Of their files; their rows free a little more. */
  readonly sizeBytes: number;
  /** Timestamps, epoch ms; `null` when nothing is to go. */
  readonly oldest: number | null;
  readonly newest: number | null;
  /** Starred events that would go if they had no star. */
  readonly starredKept: number;
  /** Everything that is stored: files of events and the database. */
  readonly usedBytes: number;
  /** What is still above the cap when all of this is gone: the rest is kept for ever. */
  readonly excessBytes: number;
}

/** How long events are kept. */
export interface RetentionPolicy {
  /** 0 for ever. Cameras may have days of their own. */
  readonly days: number;
  /** Of starred events; 0 for ever. */
  readonly starredDays: number;
  /** Above it the oldest events go, whatever their age, but starred ones; `null` for no cap. */
  readonly maxBytes: number | null;
}

/** What is to be planned at the moment `now`, epoch ms. */
export type CleanupRules =
  | { readonly kind: 'chosen'; readonly scopes: readonly CleanupScope[]; readonly now: number }
  | {
      readonly kind: 'retention';
      readonly policy: RetentionPolicy;
      /** So many bytes are to go in any case, as far as events may: the disk wants room. */
      readonly wantedBytes: number;
      readonly now: number;
    };

export interface CleanupBatchRequest {
  readonly scope: CleanupScope;
  readonly storedUntil: number;
  /** Where the batch before ended; `null` for the first. */
  readonly cursor: string | null;
  /** At most so many events; with 0 nothing is deleted and `hasMore` tells whether anything would be. */
  readonly limit: number;
}

export interface CleanupBatch {
  /** Deleted, oldest first. */
  readonly eventIds: readonly string[];
  /** Their files, now to be deleted; noted as tombstones until `clearTombstones`. */
  readonly paths: readonly string[];
  readonly sizeBytes: number;
  readonly cursor: string | null;
  readonly hasMore: boolean;
}

/**
 * Deleting events: first their rows, which leaves tombstones that name their files; then the files; then the tombstones.
 * A crash in between leaves tombstones, never a row without its pictures or a picture that nobody knows of.
 */
export interface CleanupStore {
  /** One durable transaction. */
  deleteBatch(request: CleanupBatchRequest): Promise<CleanupBatch>;
  /** Paths of files that are to be deleted, oldest tombstone first. */
  tombstones(limit: number): Promise<string[]>;
  /** The files are gone. */
  clearTombstones(paths: readonly string[]): Promise<void>;
}
