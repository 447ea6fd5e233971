import { z } from 'zod';
import { createLocalDescriber } from '../local-describer.ts';
import type { ProviderAdapter } from '../provider-adapter.ts';

/** The detector is bounded by the size of its pictures; only a machine in great need is slower. */
const timeoutMs = 60_000;

/** What comes with Vedette: the object detector and the sentences composed of it. Needs no key and no network. */
export const localProvider: ProviderAdapter = {
  type: 'local',
  title: 'Embedded describer: no key, no network, no cost',
  schema: z.strictObject({
    type: z.literal('local'),
    name: z.string().trim().min(1).max(100).optional().describe('Unique; shown with every description.'),
  }),
  keyVariable: null,
  create: (settings, { detector }) => {
    const describer = createLocalDescriber({ detector, name: settings.name });
    return {
      ...describer,
      type: 'local',
      get model() {
        return detector.model;
      },
      isLocal: true,
      isFree: true,
      requestsPerMinute: null,
      timeoutMs,
      prepare: (input) =>
        Promise.resolve({
          request: null,
          estimateUsd: 0,
          costOf: () => 0,
          send: async (signal) => await describer.describe(input, signal),
        }),
    };
  },
};
