import type { CleanupScope } from './cleanup-store.ts';
import { positionOf } from './event-position.ts';

export interface SqlCondition {
  /** Over the columns of `events`. */
  readonly text: string;
  readonly parameters: readonly (string | number | bigint)[];
}

/** The one place that says which events a scope means: what is counted is what is deleted. */
export function scopeCondition(scope: CleanupScope, storedUntil: number): SqlCondition {
  const { cameraId, exceptCameraIds, before, starred } = scope;
  const parts: string[] = ['position < ?', 'created_at <= ?'];
  const parameters: (string | number | bigint)[] = [positionOf(before), storedUntil];
  if (cameraId !== null) {
    parts.push('camera_id = ?');
    parameters.push(cameraId);
  } else if (exceptCameraIds.length > 0) {
    parts.push(`camera_id not in (${exceptCameraIds.map(() => '?').join(', ')})`);
    parameters.push(...exceptCameraIds);
  }
  if (starred !== 'included') parts.push(`is_starred = ${starred === 'only' ? 1 : 0}`);
  return { text: parts.join(' and '), parameters };
}
