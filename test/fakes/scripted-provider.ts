import type { Description } from '../../src/core/event.ts';
import type { DescribeInput, VisionProvider } from '../../src/vision/vision-provider.ts';

/** A vision provider that does what the test says, and remembers what it was asked. */
export interface ScriptedProvider extends VisionProvider {
  readonly asked: readonly DescribeInput[];
}

/** @param answer called for each request; the text of a description, or an error that it throws */
export function createScriptedProvider(
  answer: (input: DescribeInput, signal: AbortSignal) => string | Promise<string>,
): ScriptedProvider {
  const asked: DescribeInput[] = [];
  return {
    name: 'scripted',
    asked,
    async describe(input, signal): Promise<Description> {
      asked.push(input);
      return {
        text: await answer(input, signal),
        confidence: 80,
        objects: ['person'],
        detections: [{ label: 'person', score: 0.8, box: [0.1, 0.1, 0.2, 0.5] }],
        provider: 'scripted',
        model: 'scripted-1',
        costUsd: 0,
      };
    },
    async [Symbol.asyncDispose]() {
      // Holds nothing.
    },
  };
}
