import type { CleanupScope, RetentionPolicy } from './cleanup-store.ts';

const dayMs = 86_400_000;

/** A camera with days of its own. */
export interface CameraRetention {
  readonly id: string;
  /** 0 for ever. */
  readonly days: number;
}

/** What is too old: of each camera that has days of its own, of all others, and of starred events. */
export function ageScopes(
  { days, starredDays }: RetentionPolicy,
  cameras: readonly CameraRetention[],
  now: number,
): CleanupScope[] {
  const scopes: CleanupScope[] = [];
  const add = (kept: number, scope: Omit<CleanupScope, 'before'>): void => {
    if (kept > 0) scopes.push({ ...scope, before: now - kept * dayMs });
  };
  for (const camera of cameras) {
    add(camera.days, { cameraId: camera.id, exceptCameraIds: [], starred: 'kept' });
  }
  add(days, { cameraId: null, exceptCameraIds: cameras.map(({ id }) => id), starred: 'kept' });
  add(starredDays, { cameraId: null, exceptCameraIds: keptForEver(cameras), starred: 'only' });
  return scopes;
}

/** What may go to make room: everything but starred events and those of cameras that are kept for ever. */
export function sizeScope(cameras: readonly CameraRetention[]): CleanupScope {
  return {
    cameraId: null,
    exceptCameraIds: keptForEver(cameras),
    before: Number.MAX_SAFE_INTEGER,
    starred: 'kept',
  };
}

function keptForEver(cameras: readonly CameraRetention[]): string[] {
  return cameras.filter(({ days }) => days === 0).map(({ id }) => id);
}
