import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noVideo } from '../../test/fakes/no-video.ts';
import { createScriptedChain } from '../../test/fakes/scripted-chain.ts';
import { openPipelineRig, type PipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import type { CameraSource } from '../core/camera-source.ts';
import type { ClipOrder, ClipOutcome, ClipRecording } from '../core/camera-video.ts';
import type { Camera } from '../core/camera.ts';
import { systemClock } from '../core/clock.ts';
import type { VedetteEvent } from '../core/event.ts';
import { silentLog } from '../core/log.ts';
import { createClipFiles, type ClipFiles } from '../store/clip-files.ts';
import { ClipRecorder, clearInterruptedClips } from './clip-recorder.ts';
import { createFileRemoval, type FileRemoval } from './file-removal.ts';

const startedAt = Date.UTC(2026, 4, 17, 12);

let dir: TempDir;
let rig: PipelineRig;
let clipFiles: ClipFiles;
let files: FileRemoval;

beforeEach(async () => {
  dir = await makeTempDir();
  rig = await openPipelineRig({ dataDir: dir.path, chain: createScriptedChain(() => 'A block.') });
  clipFiles = await createClipFiles({ dataDir: dir.path });
  files = createFileRemoval({ store: rig.store.cleanup, media: rig.media, log: silentLog() });
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** A clip as a media host writes it: its file grows, and becomes whole when the test says so. */
class ScriptedRecording implements ClipRecording {
  readonly order: ClipOrder;
  readonly ends: number[] = [];
  readonly #done = Promise.withResolvers<ClipOutcome>();
  readonly done = this.#done.promise;

  constructor(order: ClipOrder) {
    this.order = order;
    writeFileSync(order.path, 'half');
  }

  endAt(time: number): void {
    this.ends.push(time);
  }

  discard(): void {
    this.#done.resolve({ kind: 'discarded' });
  }

  finish(change: Partial<Extract<ClipOutcome, { kind: 'written' }>> = {}): void {
    writeFileSync(this.order.path, 'a whole clip');
    const { from } = this.order;
    const shape = { sizeBytes: 12, codec: 'h264', width: 640, height: 360 };
    this.#done.resolve({
      kind: 'written',
      startedAt: from - 400,
      endedAt: from + 9_000,
      ...shape,
      ...change,
    });
  }

  fail(): void {
    this.#done.resolve({ kind: 'failed', reason: 'disk_full', message: 'no room' });
  }
}

class ScriptedSource implements CameraSource {
  readonly info = undefined;
  readonly pictureStream = undefined;
  readonly masks = [];
  readonly recordings: ScriptedRecording[] = [];

  recordClip(order: ClipOrder): ClipRecording {
    const recording = new ScriptedRecording(order);
    this.recordings.push(recording);
    return recording;
  }

  // oxlint-disable-next-line require-yield -- nothing but clips is asked of it
  async *open() {
    return;
  }

  live = noVideo.live;
  pictures = () => Promise.resolve([]);
  [Symbol.asyncDispose] = () => Promise.resolve();
}

function recorder(change: Partial<Camera> = {}): ClipRecorder {
  const clip = { isEnabled: true, beforeMs: 5000, afterMs: 3000 };
  return new ClipRecorder(
    { ...rig.camera, clip, ...change },
    {
      clipFiles,
      events: rig.store.events,
      live: rig.live,
      metrics: rig.metrics,
      clock: systemClock,
      log: silentLog(),
      abort: rig.stop.abort,
    },
  );
}

function recordingOf(source: ScriptedSource, index = 0): ScriptedRecording {
  const recording = source.recordings[index];
  if (recording === undefined) throw new Error(`There is no recording ${index}.`);
  return recording;
}

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(dir.file(`media/${folder}`)).catch(() => [])).filter((name) => name.endsWith('.mp4'));
}

async function bytesOf(path: string): Promise<string> {
  const clip = await clipFiles.open(path);
  return Buffer.concat(await clip.read({ first: 0, last: clip.sizeBytes - 1 }).toArray()).toString();
}

/** An event whose clip is being recorded. */
async function recordingEvent(
  clips: ClipRecorder,
  source: ScriptedSource,
): Promise<{ readonly event: VedetteEvent; readonly recording: ScriptedRecording }> {
  const pending = clips.begin(source, startedAt);
  const event = await rig.capture({ startedAt, timestamp: startedAt + 800 });
  pending?.belongTo(Promise.resolve(event.id));
  pending?.end(startedAt + 4000);
  const recording = recordingOf(source, source.recordings.length - 1);
  await expect.poll(async () => (await rig.store.events.get(event.id))?.clip?.status).toBe('recording');
  return { event, recording };
}

test('a clip reaches from before the event until after its end, and belongs to it once it is whole', async () => {
  const clips = recorder();
  const { event, recording } = await recordingEvent(clips, new ScriptedSource());
  expect(recording.order).toMatchObject({ from: startedAt - 5000, maxMs: 60_000 });
  expect(recording.ends).toEqual([startedAt + 7000]);
  const path = `media/2026-05-17/event_${event.id}.mp4`;
  expect((await rig.store.events.get(event.id))?.clip).toMatchObject({ path, sizeBytes: 0, reason: null });
  recording.finish();
  await clips.settle();
  const stored = await rig.store.events.get(event.id);
  expect(stored?.clip).toEqual({
    status: 'ready',
    reason: null,
    path,
    startedAt: startedAt - 5400,
    endedAt: startedAt + 4000,
    sizeBytes: 12,
    codec: 'h264',
    width: 640,
    height: 360,
  });
  expect(await bytesOf(path)).toBe('a whole clip');
  expect(await filesIn('recording')).toEqual([]);
  expect(rig.messages.at(-1)?.message).toEqual({ type: 'EVENT_UPDATED', event: stored });
  expect((await rig.store.events.list({ limit: 5, offset: 0, sortOrder: 'desc' })).events).toEqual([stored]);
});

test('an event that is deleted takes its clip with it', async () => {
  const clips = recorder();
  const { event, recording } = await recordingEvent(clips, new ScriptedSource());
  recording.finish();
  await clips.settle();
  const deleted = await rig.store.events.delete(event.id);
  await files.remove(deleted?.paths ?? []);
  expect(await filesIn('2026-05-17')).toEqual([]);
});

test('an event that is deleted while its clip is recorded leaves no file behind', async () => {
  const clips = recorder();
  const { event, recording } = await recordingEvent(clips, new ScriptedSource());
  const deleted = await rig.store.events.delete(event.id);
  await files.remove(deleted?.paths ?? []);
  recording.finish();
  await clips.settle();
  expect(await filesIn('2026-05-17')).toEqual([]);
  expect(await filesIn('recording')).toEqual([]);
});

test('a clip that fails says why on its event, which stays as it is', async () => {
  const clips = recorder();
  const { event, recording } = await recordingEvent(clips, new ScriptedSource());
  recording.fail();
  await clips.settle();
  const stored = await rig.store.events.get(event.id);
  expect(stored?.clip).toMatchObject({ status: 'failed', reason: 'disk_full', sizeBytes: 0 });
  expect(stored).toMatchObject({ frames: event.frames, descriptionStatus: 'pending' });
  expect(await filesIn('recording')).toEqual([]);
  expect((await rig.metrics.snapshot()).pipelineErrors).toEqual({ 'clip:disk_full': 1 });
});

test('a clip whose event is not stored is not kept', async () => {
  const clips = recorder();
  const source = new ScriptedSource();
  const pending = clips.begin(source, startedAt);
  pending?.belongTo(Promise.resolve(undefined));
  await clips.settle();
  expect(await recordingOf(source).done).toEqual({ kind: 'discarded' });
  expect(await filesIn('recording')).toEqual([]);
});

test.each([
  ['clips switched off', { clip: { isEnabled: false, beforeMs: 5000, afterMs: 5000 } }],
  [
    'privacy masks, which its own video would not have',
    {
      privacyMasks: [
        [
          [0, 0],
          [1, 0],
          [1, 1],
        ],
      ] as const,
    },
  ],
])('a camera with %s is not recorded', (_, change) => {
  const source = new ScriptedSource();
  expect(recorder(change).begin(source, startedAt)).toBeUndefined();
  expect(source.recordings).toEqual([]);
});

test('events that follow each other closely have clips that overlap; the oldest ends early when there are many', async () => {
  const clips = recorder();
  const source = new ScriptedSource();
  const events = [];
  for (let index = 0; index < 5; index += 1) events.push(await recordingEvent(clips, source));
  // Told to end at its own time; the first one again, when the fifth began.
  expect(source.recordings.map(({ ends }) => ends.length)).toEqual([2, 1, 1, 1, 1]);
  for (const { recording } of events) recording.finish();
  await clips.settle();
  expect(await filesIn('2026-05-17')).toHaveLength(5);
});

test('what a crash leaves half-written is gone after the next start, and the events stay', async () => {
  const clips = recorder();
  const ready = await recordingEvent(clips, new ScriptedSource());
  ready.recording.finish();
  await clips.settle();
  const lost = recorder();
  const written = await recordingEvent(lost, new ScriptedSource());
  // Here the crash comes between the file and the row.
  await clipFiles.keep(written.recording.order.path, `media/2026-05-17/event_${written.event.id}.mp4`);
  const halfWritten = await recordingEvent(lost, new ScriptedSource());

  await clearInterruptedClips({ clipFiles, files, events: rig.store.events, log: silentLog() });
  expect(await filesIn('recording')).toEqual([]);
  expect(await filesIn('2026-05-17')).toEqual([`event_${ready.event.id}.mp4`]);
  for (const { event } of [halfWritten, written]) {
    expect((await rig.store.events.get(event.id))?.clip).toMatchObject({
      status: 'failed',
      reason: 'interrupted',
    });
  }
  expect((await rig.store.events.get(ready.event.id))?.clip?.status).toBe('ready');
});
