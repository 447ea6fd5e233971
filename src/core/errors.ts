/**
 * Every error that leaves a module carries one of these codes. `status` is the HTTP status that the API answers
 * with; `isRetryable` says whether the same call may succeed later without anybody changing anything.
 */
export const errorCodes = {
  BAD_REQUEST: { status: 400, isRetryable: false },
  UNAUTHORIZED: { status: 401, isRetryable: false },
  FORBIDDEN: { status: 403, isRetryable: false },
  ROUTE_NOT_FOUND: { status: 404, isRetryable: false },
  CAMERA_NOT_FOUND: { status: 404, isRetryable: false },
  EVENT_NOT_FOUND: { status: 404, isRetryable: false },
  PICTURE_NOT_FOUND: { status: 404, isRetryable: false },
  CLIP_NOT_FOUND: { status: 404, isRetryable: false },
  DELIVERY_NOT_FOUND: { status: 404, isRetryable: false },
  NOTIFICATION_NOT_FOUND: { status: 404, isRetryable: false },
  PROVIDER_NOT_FOUND: { status: 404, isRetryable: false },
  CLEANUP_RUNNING: { status: 409, isRetryable: true },
  CAMERA_NAME_TAKEN: { status: 409, isRetryable: false },
  CAMERA_IN_CONFIG: { status: 409, isRetryable: false },
  PROVIDERS_IN_CONFIG: { status: 409, isRetryable: false },
  BUDGET_IN_CONFIG: { status: 409, isRetryable: false },
  CAMERA_NOT_STREAMING: { status: 409, isRetryable: true },
  LIVE_NOT_PLAYABLE: { status: 409, isRetryable: false },
  IDEMPOTENCY_CONFLICT: { status: 409, isRetryable: false },
  BODY_TOO_LARGE: { status: 413, isRetryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, isRetryable: false },
  VALIDATION_FAILED: { status: 422, isRetryable: false },
  PICTURE_INVALID: { status: 422, isRetryable: false },
  RATE_LIMITED: { status: 429, isRetryable: true },
  INTERNAL: { status: 500, isRetryable: false },
  STORE_UNAVAILABLE: { status: 503, isRetryable: true },
  DISK_FULL: { status: 503, isRetryable: true },
  STORE_CORRUPT: { status: 503, isRetryable: false },
  STORE_TOO_NEW: { status: 503, isRetryable: false },
  STORE_NOT_EMPTY: { status: 500, isRetryable: false },
  BACKUP_DAMAGED: { status: 500, isRetryable: false },
  STORE_IN_USE: { status: 503, isRetryable: false },
  NOT_READY: { status: 503, isRetryable: true },
  SHUTTING_DOWN: { status: 503, isRetryable: true },
  CAMERA_LOST: { status: 503, isRetryable: true },
  MEDIA_HOST_LOST: { status: 503, isRetryable: true },
  PICTURE_GONE: { status: 503, isRetryable: false },
  CLIP_NOT_WRITTEN: { status: 500, isRetryable: false },
  MODEL_UNAVAILABLE: { status: 503, isRetryable: false },
  DETECTION_FAILED: { status: 503, isRetryable: true },
  DESCRIBE_FAILED: { status: 503, isRetryable: true },
  DESCRIBE_TIMEOUT: { status: 503, isRetryable: true },
  DELIVERY_FAILED: { status: 503, isRetryable: true },
  SECRET_KEY_INVALID: { status: 500, isRetryable: false },
  SECRET_UNREADABLE: { status: 500, isRetryable: false },
  CONFIG_INVALID: { status: 500, isRetryable: false },
  ADDRESS_REFUSED: { status: 500, isRetryable: false },
  ADDRESS_UNAVAILABLE: { status: 500, isRetryable: false },
} as const satisfies Record<string, { status: number; isRetryable: boolean }>;

export type ErrorCode = keyof typeof errorCodes;

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Machine-readable particulars, e.g. one entry per field that does not fit. Never holds a secret. */
  readonly details?: readonly unknown[];
  /** Overrides the table where the occasion knows better. */
  readonly isRetryable?: boolean;
  /** How long the other side asked us to wait. */
  readonly retryAfterMs?: number;
}

/** The message says what was received, what was expected and what to do. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly unknown[];
  readonly isRetryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details ?? [];
    this.isRetryable = options.isRetryable ?? errorCodes[code].isRetryable;
    this.retryAfterMs = options.retryAfterMs;
  }

  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for what an aborted signal throws: an abort is not a failure. */
export function isAbort(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'AbortError' || (error as NodeJS.ErrnoException).code === 'ABORT_ERR')
  );
}

/** Passed to `catch`: an abort ends a wait, everything else is thrown on. */
export function ignoreAbort(error: unknown): void {
  if (!isAbort(error)) throw error;
}
