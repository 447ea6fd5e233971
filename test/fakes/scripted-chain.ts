import type { Description } from '../../src/core/event.ts';
import type { ChainAnswer, DescribeChain } from '../../src/vision/describe-chain.ts';
import type { DescribeInput } from '../../src/vision/vision-provider.ts';

/** A chain of providers that does what the test says, and remembers what it was asked. */
export interface ScriptedChain extends DescribeChain {
  readonly asked: readonly DescribeInput[];
}

export function scriptedDescription(text: string): Description {
  return {
    text,
    title: null,
    confidence: 80,
    objects: ['person'],
    actions: [],
    isNothingOfInterest: false,
    detections: [{ label: 'person', score: 0.8, box: [0.1, 0.1, 0.2, 0.5] }],
    provider: 'scripted',
    model: 'scripted-1',
    costUsd: 0,
    usage: null,
  };
}

/**
 * @param answer called for each request; the text of a description, more of an answer, or an error that it throws
 * @param keepsAsked false for long series: `asked` stays empty
 */
export function createScriptedChain(
  answer: (input: DescribeInput, signal: AbortSignal) => string | ChainAnswer | Promise<string | ChainAnswer>,
  keepsAsked = true,
): ScriptedChain {
  const asked: DescribeInput[] = [];
  return {
    asked,
    states: () => [],
    stats: () => ({ late: 0, lateCapacity: 0, lateDropped: 0, reused: 0 }),
    async describe(input, signal): Promise<ChainAnswer> {
      if (keepsAsked) asked.push(input);
      const answered = await answer(input, signal);
      return typeof answered === 'string'
        ? { first: scriptedDescription(answered), attempts: [], sameAs: null }
        : answered;
    },
    async [Symbol.asyncDispose]() {
      // Holds nothing.
    },
  };
}
