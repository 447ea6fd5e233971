import type { CameraCause } from '../../src/core/camera.ts';
import { defaultMediaLimits, type MediaLimits } from '../../src/media/media-service.ts';
import { cameraKinds, canHave, faultNames, type CameraKind, type FaultName } from './faulty-cameras.ts';

/** What is said of a fault, and how soon. */
export interface Expected {
  /** One of these; none at all when the camera goes on, perhaps with a cause in between. */
  readonly causes: readonly CameraCause[];
  /** What it takes to notice; without it, it is noticed at once. */
  readonly limit?: 'openMs' | 'noPacketMs' | 'onlyErrorsMs';
  /** Noticed when the recording begins anew. */
  readonly isAtNextRound?: boolean;
  /** What it takes beside that: segments that are there are shown first, and asked for several times. */
  readonly extraMs?: number;
  /** The next connection works, although the fault is still there. */
  readonly healsItself?: boolean;
}

/** Waits and the wait before the next connection come on top of the limits. */
const overheadMs = 2000;
/** The clip's length. */
const roundMs = 8000;
const live: Record<FaultName, Expected> = {
  'nothing listens': { causes: ['refused'] },
  'accepts, never answers': { causes: ['timeout'], limit: 'openMs' },
  'answers, then sends nothing': { causes: ['no_frames'], limit: 'noPacketMs' },
  'goes silent': { causes: ['no_frames'], limit: 'noPacketMs' },
  'resets the connection': { causes: ['reset'] },
  'ends in good order': { causes: ['reset'] },
  'answers byte by byte': { causes: ['timeout'], limit: 'openMs' },
  'wrong password (Basic)': { causes: ['unauthorized'] },
  'wrong password (Digest)': { causes: ['unauthorized'] },
  'no password given': { causes: ['unauthorized'] },
  'no such host': { causes: ['no_such_host'] },
  'no such path': { causes: ['not_found'] },
  'a web page instead of video': { causes: ['invalid_data'] },
  'cut short': { causes: ['reset'] },
  'few bits flipped': { causes: [] },
  // The first of the many wrong bits decides: in the lengths of the transport, in an answer, or in the video.
  'many bits flipped': {
    causes: ['no_frames', 'corrupt', 'invalid_data', 'reset'],
    limit: 'noPacketMs',
  },
  'another size': { causes: [] },
  'another codec': { causes: ['no_frames', 'corrupt'], limit: 'onlyErrorsMs', healsItself: true },
  'its process killed': { causes: ['refused'] },
};

const exceptions: Record<CameraKind, Partial<Record<FaultName, Expected>>> = {
  rtsp: {},
  'rtsp over UDP': {
    'cut short': { causes: ['corrupt'], limit: 'onlyErrorsMs' },
    'many bits flipped': { causes: ['corrupt', 'invalid_data', 'no_frames'], limit: 'onlyErrorsMs' },
  },
  http_mjpeg: {
    // Its opening includes the first picture.
    'answers, then sends nothing': { causes: ['timeout'], limit: 'openMs' },
    'many bits flipped': { causes: ['invalid_data', 'corrupt', 'no_frames'], limit: 'onlyErrorsMs' },
  },
  http_snapshot: {
    'answers, then sends nothing': { causes: ['no_frames'], limit: 'noPacketMs' },
  },
  hls: {
    'accepts, never answers': { causes: ['no_frames', 'timeout'], limit: 'noPacketMs', extraMs: 18_000 },
    'answers, then sends nothing': { causes: ['no_frames'], limit: 'noPacketMs', extraMs: 18_000 },
    'goes silent': { causes: ['no_frames', 'corrupt', 'timeout'], limit: 'noPacketMs', extraMs: 18_000 },
    // Every segment is lost after its beginning.
    'resets the connection': {
      causes: ['reset', 'corrupt', 'no_frames', 'timeout'],
      limit: 'noPacketMs',
      extraMs: 18_000,
    },
    'cut short': { causes: [] },
    'another codec': { causes: ['reset'], isAtNextRound: true, healsItself: true },
  },
  file: {
    'no such path': { causes: ['not_found'], isAtNextRound: true },
    'a web page instead of video': { causes: ['invalid_data', 'corrupt'], isAtNextRound: true },
    'cut short': { causes: [] },
    'many bits flipped': { causes: ['corrupt', 'invalid_data', 'unsupported_codec'], isAtNextRound: true },
    'another size': { causes: ['reset'], isAtNextRound: true, healsItself: true },
    'another codec': { causes: ['reset'], isAtNextRound: true, healsItself: true },
  },
};

export function expectedOf(kind: CameraKind, name: FaultName): Expected {
  return exceptions[kind][name] ?? live[name];
}

export function withinMs(
  { limit, isAtNextRound = false, extraMs = 0 }: Expected,
  given: Pick<MediaLimits, 'openMs' | 'noPacketMs' | 'onlyErrorsMs'>,
): number {
  return overheadMs + extraMs + (limit === undefined ? 0 : given[limit]) + (isAtNextRound ? roundMs : 0);
}

/** One more beat for the one that had just been answered, and half a second to be told. */
export function hangMs({ heartbeatMs, missedHeartbeats }: MediaLimits): number {
  return heartbeatMs * (missedHeartbeats + 2);
}

/** Every fault of every kind of camera that can have it. */
export const faultCases = faultNames.flatMap((name) =>
  cameraKinds
    .filter((kind) => canHave(kind, name))
    .map((kind) => ({ kind, name, title: `${kind}: ${name}` })),
);

/** What happens to the decoder itself. */
export const decoderCases = [
  { signal: 'SIGKILL', title: 'a decoder process is killed' },
  { signal: 'SIGSTOP', title: 'a decoder process hangs' },
] as const;

/** The table of the documentation, with the limits that users have. */
export function faultRows(): string {
  const kindsOf = new Map<string, CameraKind[]>();
  for (const { kind, name } of faultCases) {
    const expected = expectedOf(kind, name);
    const causes = expected.causes.map((cause) => `\`${cause}\``).join(', ');
    const said =
      causes === ''
        ? 'none: it goes on | '
        : `${causes} | ${withinMs(expected, defaultMediaLimits) / 1000} s `;
    const row = `${name} | ${said}`;
    kindsOf.set(row, [...(kindsOf.get(row) ?? []), kind]);
  }
  const rows = [...kindsOf].map(([row, kinds]) => {
    const [name = '', causes = '', within = ''] = row.split(' | ');
    return `| ${name} | ${kinds.join(', ')} | ${causes} | ${within}|`;
  });
  const hang = `${hangMs(defaultMediaLimits) / 1000} s`;
  for (const { title } of decoderCases)
    rows.push(`| ${title} | ${cameraKinds.join(', ')} | \`decoder_crashed\` | ${hang} |`);
  return rows.join('\n');
}
