import type { z } from 'zod';
import { cameraSchema } from '../api/camera-wire.ts';
import { tuningSchema } from '../api/tuning-wire.ts';
import { AppError } from '../core/errors.ts';
import { findCamera } from './named-camera.ts';
import type { ServiceClient } from './service-client.ts';
import type { Terminal } from './terminal.ts';

interface ProposalOptions {
  /** From 1. */
  readonly apply?: number;
  readonly json?: true;
}

type Tuning = z.output<typeof tuningSchema>;

/**
 * Shows what would have prevented the false motion of a camera, and changes it when it is told to.
 *
 * @throws AppError `CAMERA_NOT_FOUND`, `BAD_REQUEST` when there is no such proposal
 */
export async function proposeChanges(
  wanted: string,
  { apply, json }: ProposalOptions,
  {
    client,
    terminal,
    signal,
  }: { readonly client: ServiceClient; readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<void> {
  const camera = await findCamera(client, wanted, signal);
  const tuning = await client.call('GET', `/cameras/${camera.id}/proposals`, tuningSchema, signal);
  if (apply === undefined) {
    terminal.stdout.write(
      json === true ? `${JSON.stringify(tuning, null, 2)}\n` : describeTuning(camera.name, tuning),
    );
    return;
  }
  const chosen = tuning.proposals[apply - 1];
  if (chosen === undefined) {
    const { length } = tuning.proposals;
    throw new AppError(
      'BAD_REQUEST',
      `There is no proposal ${apply} for "${camera.name}"; there ${length === 1 ? 'is 1' : `are ${length || 'none'}`}.${tuning.message === null ? '' : ` ${tuning.message}`}`,
    );
  }
  await client.call('PATCH', `/cameras/${camera.id}`, cameraSchema, signal, chosen.change);
  terminal.stdout.write(`Changed "${camera.name}": ${chosen.summary}.\n`);
}

function describeTuning(name: string, { events, proposals, message, is_changeable }: Tuning): string {
  const lines = [
    `"${name}", last 7 days: ${events.total} events of motion, ${events.false_motion} marked as false motion, ${events.true} true`,
  ];
  if (message !== null) lines.push(message);
  if (proposals.length > 0) lines.push('', '   removes  unmarked  costs  unknown');
  for (const [index, { removes, costs, unknown, summary, change }] of proposals.entries()) {
    const counts = [
      `${removes.false_motion.count}`.padStart(7),
      `${removes.unmarked.count}`.padStart(8),
      `${costs.count}`.padStart(5),
      `${unknown}`.padStart(7),
    ];
    lines.push(`${index + 1}  ${counts.join('  ')}  ${summary}`);
    if (!is_changeable) lines.push(`   in the configuration: ${JSON.stringify(change)}`);
  }
  if (proposals.length > 0 && is_changeable)
    lines.push('', `Take one: vedette camera proposals ${quoted(name)} --apply 1`);
  return `${lines.join('\n')}\n`;
}

/** For a shell. */
function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
}
