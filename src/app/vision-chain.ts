import type { Config } from '../config/config-schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { ObjectDetector } from '../core/object-detector.ts';
import type { SentArchive } from '../store/sent-archive.ts';
import type { Spending } from '../store/spending.ts';
import { createChain } from '../vision/chain.ts';
import type { DescribeChain } from '../vision/describe-chain.ts';
import { createLocalDescriber } from '../vision/local-describer.ts';
import type { ChainMember } from '../vision/vision-provider.ts';

export interface VisionChainContext {
  readonly vision: Config['vision'];
  readonly detector: ObjectDetector;
  readonly spending: Spending;
  readonly sent: SentArchive;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The chain of these providers, with the money counted and what is sent kept. */
export function buildVisionChain(
  providers: readonly ChainMember[],
  { vision, detector, spending, sent, clock, log }: VisionChainContext,
): DescribeChain {
  return createChain({
    providers,
    eye: createLocalDescriber({ detector }),
    clock,
    ledger: spending,
    deadlineMs: vision.deadlineMs,
    betterWithinMs: vision.betterWithinMs,
    isHedging: vision.isHedging,
    reusesDescriptions: vision.reuseMinutes > 0,
    reuseWithinMs: vision.reuseMinutes * 60_000,
    onSent: (record) => {
      sent.add(record);
    },
    log,
  });
}
