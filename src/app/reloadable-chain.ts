import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { ChainAnswer, ChainStats, DescribeChain } from '../vision/describe-chain.ts';
import type { DescribeInput } from '../vision/vision-provider.ts';

/**
 * Chains that were replaced and still answer calls. One more, and the oldest is broken off: its events are described
 * again by the new one.
 */
const mostRetired = 4;

/** A chain that can be exchanged while it works. */
export interface ReloadableChain extends DescribeChain {
  /** Builds a new chain for all calls from now on. Those under way end on the old one, which is disposed of then. */
  reload(): void;
}

interface Generation {
  readonly chain: DescribeChain;
  /** Calls that have not ended, searches for a better description among them. */
  open: number;
  closing: Promise<void> | undefined;
}

export function createReloadableChain(build: () => DescribeChain, log: Logger): ReloadableChain {
  let current = begin(build());
  /** Oldest first. */
  const retired = new Set<Generation>();
  /** Of those that are gone. */
  const gone = { lateDropped: 0, reused: 0 };
  let closed: Promise<void> | undefined;

  function leave(generation: Generation): void {
    generation.open -= 1;
    if (generation.open === 0 && generation !== current) void close(generation);
  }

  function close(generation: Generation): Promise<void> {
    generation.closing ??= end(generation);
    return generation.closing;
  }

  async function end(generation: Generation): Promise<void> {
    try {
      await generation.chain[Symbol.asyncDispose]();
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'a former list of vision providers could not be closed');
    }
    if (!retired.delete(generation)) return;
    const { lateDropped, reused } = generation.chain.stats();
    gone.lateDropped += lateDropped;
    gone.reused += reused;
  }

  async function describe(input: DescribeInput, signal: AbortSignal): Promise<ChainAnswer> {
    const generation = current;
    generation.open += 1;
    let answer: ChainAnswer;
    try {
      answer = await generation.chain.describe(input, signal);
    } catch (error) {
      leave(generation);
      throw error;
    }
    if (answer.better === undefined) leave(generation);
    else {
      // Never rejects.
      void answer.better.finally(() => {
        leave(generation);
      });
    }
    return answer;
  }

  return {
    describe,
    states: () => current.chain.states(),
    stats: (): ChainStats => {
      const all = [...retired, current].map(({ chain }) => chain.stats());
      return {
        late: sum(all.map(({ late }) => late)),
        lateCapacity: current.chain.stats().lateCapacity,
        lateDropped: gone.lateDropped + sum(all.map(({ lateDropped }) => lateDropped)),
        reused: gone.reused + sum(all.map(({ reused }) => reused)),
      };
    },
    reload: () => {
      if (closed !== undefined) return;
      const former = current;
      current = begin(build());
      retired.add(former);
      if (former.open === 0) void close(former);
      const busy = [...retired].filter(({ closing }) => closing === undefined);
      for (const generation of busy.slice(0, Math.max(0, busy.length - mostRetired))) {
        log.warn(
          { calls: generation.open },
          'the vision providers were changed too often: what the oldest list still worked on is broken off',
        );
        void close(generation);
      }
    },
    [Symbol.asyncDispose]: async () => {
      closed ??= Promise.all([...retired, current].map(close)).then(() => undefined);
      await closed;
    },
  };
}

function begin(chain: DescribeChain): Generation {
  return { chain, open: 0, closing: undefined };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
