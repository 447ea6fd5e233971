import type { Zone } from '../core/camera-settings.ts';
import type { VedetteEvent } from '../core/event.ts';
import type { Sensitivity } from '../core/motion.ts';
import type { Proposal, TuningReport, TuningSettings } from '../core/tuning.ts';
import { motionRule, wouldOpen, type MotionRule, type RecordedMotion } from '../motion/what-if.ts';
import { zoneCandidates, type HeatGrid } from '../motion/zone-candidates.ts';
import { isWanted, kindsOfSubjects, kindOrLabel } from '../vision/wanted-labels.ts';

/** What is known of an event that motion made. */
export interface TuningEvent extends Pick<
  VedetteEvent,
  'id' | 'userFeedback' | 'isStarred' | 'objectsDetected' | 'isNothingOfInterest'
> {
  /** Whether it is known what was recognised. */
  readonly isDescribed: boolean;
  /** `null` when it was not kept. */
  readonly motion: (RecordedMotion & { readonly heat: HeatGrid }) | null;
}

const maxZones = 10;
const stricter: Readonly<Record<Sensitivity, Sensitivity | undefined>> = {
  high: 'medium',
  medium: 'low',
  low: undefined,
};

type Class = 'false' | 'true' | 'unmarked';

/**
 * What would have kept the events away that people marked as false motion, judged by all events of the camera: one that is
 * marked right (or only its words wrong), starred, or in which something was recognised is a true one.
 */
export function proposeTuning(events: readonly TuningEvent[], settings: TuningSettings): TuningReport {
  const { motionSensitivity, zones, labels } = settings;
  const present = motionRule(motionSensitivity, zones);
  const isKnown = (event: TuningEvent): boolean =>
    event.motion !== null && wouldOpen(event.motion, motionRule(event.motion.sensitivity, []));
  const judged = events.map((event) => ({ event, class: classOf(event), isKnown: isKnown(event) }));
  // What the present settings keep away already is nobody's to remove.
  const standing = judged.filter(
    ({ event, isKnown: known }) =>
      !(known && event.motion !== null && !wouldOpen(event.motion, present)) &&
      !(event.isDescribed && !isWanted(event.objectsDetected, labels)),
  );
  const counts = {
    total: events.length,
    falseMotion: judged.filter((entry) => entry.class === 'false').length,
    true: judged.filter((entry) => entry.class === 'true').length,
    unmarked: judged.filter((entry) => entry.class === 'unmarked').length,
    withoutEvidence: judged.filter((entry) => !entry.isKnown).length,
  };
  const unwanted = standing.filter((entry) => entry.class === 'false');
  if (counts.falseMotion === 0) return { counts, proposals: [], reason: 'no_false_motion' };
  if (unwanted.length === 0) return { counts, proposals: [], reason: 'prevented' };

  const whatIfRule = (kind: Proposal['kind'], change: Proposal['change'], rule: MotionRule): Proposal =>
    tally(kind, change, standing, ({ event, isKnown: known }) =>
      known && event.motion !== null ? !wouldOpen(event.motion, rule) : undefined,
    );
  const candidates = [
    ...zoneProposals(standing, settings, (change, all) =>
      whatIfRule('zone', change, motionRule(motionSensitivity, all)),
    ),
    ...sensitivityProposals(motionSensitivity, (sensitivity) =>
      whatIfRule('sensitivity', { motionSensitivity: sensitivity }, motionRule(sensitivity, zones)),
    ),
    ...labelProposals(standing, labels, (wanted) =>
      tally('labels', { labels: wanted }, standing, ({ event }) =>
        event.isDescribed ? !isWanted(event.objectsDetected, wanted) : undefined,
      ),
    ),
  ].filter(({ removedFalse }) => removedFalse.length > 0);
  const worthIt = candidates.filter(({ lost, removedFalse }) => lost.length <= removedFalse.length);
  const proposals = bestOf(worthIt);
  if (proposals.length > 0) return { counts, proposals, reason: null };
  if (candidates.length > 0) return { counts, proposals, reason: 'too_costly' };
  const isAnyKnown = unwanted.some((entry) => entry.isKnown || entry.event.isDescribed);
  return { counts, proposals, reason: isAnyKnown ? 'no_remedy' : 'no_evidence' };
}

interface Judged {
  readonly event: TuningEvent;
  readonly class: Class;
  /** Whether its samples tell what other settings would have made of it. */
  readonly isKnown: boolean;
}

function classOf({ userFeedback, isStarred, objectsDetected, isNothingOfInterest }: TuningEvent): Class {
  if (userFeedback === 'false_motion') return 'false';
  if (userFeedback !== null || isStarred) return 'true';
  return objectsDetected.length > 0 && !isNothingOfInterest ? 'true' : 'unmarked';
}

/** @param isRemoved `undefined` where that is not known */
function tally(
  kind: Proposal['kind'],
  change: Proposal['change'],
  standing: readonly Judged[],
  isRemoved: (entry: Judged) => boolean | undefined,
): Proposal {
  const lists: Record<Class, string[]> = { false: [], true: [], unmarked: [] };
  let unknown = 0;
  for (const entry of standing) {
    const removed = isRemoved(entry);
    if (removed === undefined) unknown += 1;
    else if (removed) lists[entry.class].push(entry.event.id);
  }
  return {
    kind,
    change,
    removedFalse: lists.false,
    removedUnmarked: lists.unmarked,
    lost: lists.true,
    unknown,
  };
}

function zoneProposals(
  standing: readonly Judged[],
  { zones }: TuningSettings,
  whatIf: (change: Proposal['change'], zones: readonly Zone[]) => Proposal,
): Proposal[] {
  if (zones.length >= maxZones) return [];
  const heats = (wanted: Class): HeatGrid[] =>
    standing.flatMap(({ event, class: own, isKnown }) =>
      isKnown && own === wanted && event.motion !== null ? [event.motion.heat] : [],
    );
  return zoneCandidates(heats('false'), heats('true')).map((points) => {
    const all: Zone[] = [...zones, { name: freeName(zones), kind: 'exclude', points }];
    return whatIf({ zones: all }, all);
  });
}

function freeName(zones: readonly Zone[]): string {
  for (let number = 1; ; number += 1) {
    const name = `No motion ${number}`;
    if (!zones.some((zone) => zone.name === name)) return name;
  }
}

function sensitivityProposals(
  present: Sensitivity,
  whatIf: (sensitivity: Sensitivity) => Proposal,
): Proposal[] {
  const next = stricter[present];
  return next === undefined ? [] : [whatIf(next)];
}

function labelProposals(
  standing: readonly Judged[],
  present: readonly string[],
  whatIf: (labels: readonly string[]) => Proposal,
): Proposal[] {
  const labelsOf = (wanted: Class): Set<string> =>
    new Set(
      standing.flatMap(({ event, class: own }) =>
        own === wanted ? event.objectsDetected.map(kindOrLabel) : [],
      ),
    );
  const wanted = labelsOf('true');
  const all = present.length > 0 ? [...present] : [...new Set([...kindsOfSubjects, ...wanted])];
  const misled = [...labelsOf('false')].filter((label) => all.includes(label));
  const onlyMisled = new Set(misled.filter((label) => !wanted.has(label)));
  const lists = [
    ...(present.length > 0 ? [] : [all]),
    all.filter((label) => !onlyMisled.has(label)),
    ...misled.map((label) => all.filter((other) => other !== label)),
  ];
  return lists.filter((list) => list.length > 0).map(whatIf);
}

/** The best of each kind, and another zone where it removes what the first one does not. */
function bestOf(proposals: readonly Proposal[]): Proposal[] {
  const sorted = proposals.toSorted(compareWorth);
  const chosen = kinds.flatMap((kind) => {
    // Of zones that are worth the same the wider one, which comes first: what moves there next time is to be in it, too.
    const [best, ...others] = sorted.filter((proposal) => proposal.kind === kind);
    if (best === undefined) return [];
    const known = new Set(best.removedFalse);
    const further = others.find(({ removedFalse }) => removedFalse.some((id) => !known.has(id)));
    return kind === 'zone' && further !== undefined ? [best, further] : [best];
  });
  return chosen.toSorted((a, b) => compareWorth(a, b) || a.removedUnmarked.length - b.removedUnmarked.length);
}

const kinds: readonly Proposal['kind'][] = ['zone', 'sensitivity', 'labels'];

function compareWorth(a: Proposal, b: Proposal): number {
  return a.lost.length - b.lost.length || b.removedFalse.length - a.removedFalse.length;
}
