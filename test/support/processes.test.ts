import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { childrenOf, descendantsOf, isAlive, readProcess, sendSignal, usageOfTree } from './processes.ts';
import { waitUntil } from './wait-until.ts';

test('children and their children are found, with their use of processor and memory, until they are killed', async () => {
  const busy = 'let n = 0; const end = Date.now() + 20_000; while (Date.now() < end) n += 1;';
  const script = `process.title = 'odd) (name'; require('node:child_process').spawn(process.execPath, ['--eval', ${JSON.stringify(busy)}], { stdio: 'ignore' }); setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ['--eval', script], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  try {
    const grandchild = await waitUntil('the grandchild', async () => (await childrenOf(pid))[0]);
    expect((await childrenOf()).map((entry) => entry.pid)).toContain(pid);
    expect((await descendantsOf()).map((entry) => entry.pid)).toEqual(
      expect.arrayContaining([pid, grandchild.pid]),
    );
    expect(await readProcess(pid)).toMatchObject({
      parentPid: process.pid,
      command: expect.stringContaining('odd) (name'),
    });

    const before = await usageOfTree(pid);
    expect(before.processes).toHaveLength(2);
    expect(before.rssBytes).toBeGreaterThan(20_000_000);
    await waitUntil(
      'the grandchild to use the processor',
      async () => (await usageOfTree(pid)).cpuMs > before.cpuMs + 50,
    );

    expect(sendSignal(pid, 'SIGSTOP')).toBe(true);
    await waitUntil('the stop', async () => (await readProcess(pid))?.state === 'T');
    expect(sendSignal(grandchild.pid, 'SIGKILL')).toBe(true);
    await waitUntil('the end', async () => !(await isAlive(grandchild.pid)));
  } finally {
    for (const { pid: left } of await descendantsOf(pid)) sendSignal(left, 'SIGKILL');
    child.kill('SIGKILL');
  }
  await waitUntil('the child to be gone', async () => (await readProcess(pid)) === undefined);
  expect(sendSignal(pid, 'SIGTERM')).toBe(false);
});

function failing(): never {
  throw new TypeError('not yet');
}

test('waiting in vain says for what, and what was seen last', async () => {
  await expect(waitUntil('the moon', () => false, { timeoutMs: 30, everyMs: 5 })).rejects.toThrow(
    'Waited 30 ms in vain for the moon; last seen: false',
  );
  await expect(waitUntil('the moon', failing, { timeoutMs: 30, everyMs: 5 })).rejects.toThrow(
    'TypeError: not yet',
  );
});
