import type { CameraSettings } from './camera-settings.ts';
import type { Camera } from './camera.ts';

/** What of a camera decides which motion makes events that count. */
export type TuningSettings = Pick<CameraSettings, 'zones' | 'labels'> & Pick<Camera, 'motionSensitivity'>;

/** A change of one setting, and what it would have done. Every event is in one list at most. */
export interface Proposal {
  readonly kind: 'zone' | 'sensitivity' | 'labels';
  readonly change: Partial<TuningSettings>;
  /** Ids of events that it would have removed: marked as false motion, or not marked and nothing recognised. */
  readonly removedFalse: readonly string[];
  readonly removedUnmarked: readonly string[];
  /** Ids of true ones that it would have cost. */
  readonly lost: readonly string[];
  /** How many events it is not known of. */
  readonly unknown: number;
}

/**
 * Why nothing is proposed. `no_false_motion`: no event is marked so. `no_evidence`: their motion was not kept.
 * `prevented`: the present settings would have prevented them. `too_costly`: what would have removed them would have cost
 * more true ones. `no_remedy`: no setting would have removed one.
 */
export const noProposalReasons = [
  'no_false_motion',
  'no_evidence',
  'prevented',
  'too_costly',
  'no_remedy',
] as const;
export type NoProposalReason = (typeof noProposalReasons)[number];

export interface TuningReport {
  readonly counts: {
    readonly total: number;
    readonly falseMotion: number;
    readonly true: number;
    readonly unmarked: number;
    /** Of all of them, those whose motion was not kept. */
    readonly withoutEvidence: number;
  };
  /** Best first: what costs least, and of those what removes most. */
  readonly proposals: readonly Proposal[];
  /** `null` when there are proposals. */
  readonly reason: NoProposalReason | null;
}

/** How far back it looks. */
export const tuningDays = 7;

export interface CameraTuning extends TuningReport {
  /** From when on events were looked at, epoch ms. */
  readonly since: number;
}
