import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until a fact is there, by looking again and again. For facts of other processes and sockets that nothing
 * announces; where there is an event or a promise, wait for that.
 *
 * @param what completes the sentence "Waited … for …" of the error
 * @param probe returns something truthy (which `waitUntil` then returns) once the fact is there; an error that it
 *   throws counts as "not yet", and is told when the time is up
 */
export async function waitUntil<T>(
  what: string,
  probe: () => T | Promise<T>,
  options: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<Exclude<T, undefined | null | false | 0 | ''>> {
  const { timeoutMs = 10_000, everyMs = 25 } = options;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      last = found;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- truthy, so none of the excluded ones
      if (found) return found as Exclude<T, undefined | null | false | 0 | ''>;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) {
      const seen = last instanceof Error ? `${last.name}: ${last.message}` : JSON.stringify(last);
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}; last seen: ${seen ?? String(last)}`, {
        cause: last,
      });
    }
    await delay(everyMs);
  }
}

/** Waits until a number has stayed the same for a while: nothing happens any more. */
export async function untilSteady(read: () => number): Promise<void> {
  for (let same = 0, last = read(); same < 10;) {
    await delay(20);
    const now = read();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}
