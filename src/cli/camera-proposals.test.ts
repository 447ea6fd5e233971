import { expect, test } from 'vitest';
import { makeDescription, startApi } from '../../test/fakes/api-services.ts';
import { crossing, motionEvidence, swaying } from '../../test/support/recorded-motion.ts';
import { runCommand } from '../../test/support/terminal-run.ts';
import { addCameraCommand } from './camera-command.ts';

test('proposals are shown as a table, one is applied, and then there is nothing more to propose', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera('Back yard');
  const run = (...args: string[]) =>
    runCommand(addCameraCommand, ['camera', 'proposals', ...args, '--url', api.url]);
  for (const [boxes, label] of [
    [swaying(0.7, 0.1), undefined],
    [swaying(0.7, 0.1), undefined],
    [crossing(0.55), 'person'],
  ] as const) {
    const { id } = await api.addEvent({
      cameraId,
      timestamp: Date.now(),
      description: makeDescription('x', { objects: label === undefined ? [] : [label] }),
      evidence: motionEvidence({ boxes }),
    });
    if (label === undefined) await api.store.events.annotate(id, { userFeedback: 'false_motion' });
  }
  const shown = await run('Back yard');
  expect([shown.error, shown.stderr]).toEqual([undefined, '']);
  expect(shown.stdout).toBe(
    [
      '"Back yard", last 7 days: 3 events of motion, 2 marked as false motion, 1 true',
      '',
      '   removes  unmarked  costs  unknown',
      '1        2         0      0        0  Motion in the top right of the picture no longer counts (zone "No motion 1")',
      '2        2         0      0        0  Only events with person, vehicle or animal are told; the others are kept',
      '',
      "Take one: vedette camera proposals 'Back yard' --apply 1",
      '',
    ].join('\n'),
  );
  expect((await run('Back yard', '--apply', '3')).error).toContain(
    'There is no proposal 3 for "Back yard"; there are 2.',
  );
  const applied = await run(cameraId, '--apply', '1');
  expect(applied.stdout).toBe(
    'Changed "Back yard": Motion in the top right of the picture no longer counts (zone "No motion 1").\n',
  );
  expect(api.cameras.get(cameraId)?.camera.zones).toMatchObject([{ name: 'No motion 1', kind: 'exclude' }]);
  expect((await run('Back yard')).stdout).toContain('The present settings would have prevented every event');
  expect((await run('Nowhere')).error).toContain('There is no camera "Nowhere"');
});
