import type { Clock } from '../core/clock.ts';
import { AppError, isAbort, messageOf } from '../core/errors.ts';
import type { Description } from '../core/event.ts';
import type { Logger } from '../core/log.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import type { SentRecord } from './describe-chain.ts';
import type { ProviderRecord } from './provider-record.ts';
import type { Reservation, SpendLedger } from './spend-ledger.ts';
import { orAborted, startLimit } from './time-limit.ts';
import { leastShareMs } from './time-share.ts';
import { VisionError } from './vision-error.ts';
import type { DescribeInput, PreparedCall } from './vision-provider.ts';

export interface CallContext {
  readonly clock: Clock;
  readonly ledger: SpendLedger | undefined;
  readonly onSent: ((record: SentRecord) => void) | undefined;
  readonly log: Logger | undefined;
  /** Told of each attempt as it ends, in order. */
  readonly onAttempt: (attempt: ProviderAttempt) => void;
}

export type CallOutcome =
  | { readonly kind: 'described'; readonly description: Description }
  | { readonly kind: 'failed'; readonly error: VisionError };

/** `undefined` where nothing is accounted for. */
interface Reserved {
  readonly id: string | undefined;
}

/**
 * Asks one provider for one event, within `limitMs`; an answer that can't be used is asked for once more when there is
 * time. Every call is reserved before and settled after, whatever becomes of it. Never throws.
 *
 * @param signal its reason may be a VisionError, which then is the outcome (`superseded`); any other means `aborted`
 */
export async function callProvider(
  record: ProviderRecord,
  input: DescribeInput,
  limitMs: number,
  signal: AbortSignal,
  context: CallContext,
): Promise<CallOutcome> {
  const { member } = record;
  const { clock } = context;
  const begin = clock.monotonic();
  const mostMs = Math.min(limitMs, member.timeoutMs);
  using limit = startLimit(clock, mostMs, () => tooSlow(member.name, mostMs), signal);
  const stop = limit.signal;
  const call = await prepared(record, input, stop, context);
  if (call instanceof VisionError) {
    // Pictures that can't be made ready are not the provider's fault.
    record.breaker.left();
    return { kind: 'failed', error: call };
  }
  const first = await callOnce(record, call, input, stop, context);
  if (first.kind === 'described' || first.error.fault !== 'bad_answer') return first;
  const elapsed = clock.monotonic() - begin;
  const isTimeLeft = !stop.aborted && mostMs - elapsed >= Math.max(leastShareMs, elapsed);
  // The first answer may have opened the breaker.
  if (!isTimeLeft || !record.takeToken() || !record.breaker.tryEnter()) return first;
  return await callOnce(record, call, input, stop, context);
}

export function tooSlow(name: string, ms: number): VisionError {
  return new VisionError('timeout', `${name}: no answer within ${Math.round(ms)} ms`, { isBillable: true });
}

async function prepared(
  record: ProviderRecord,
  input: DescribeInput,
  stop: AbortSignal,
  context: CallContext,
): Promise<PreparedCall | VisionError> {
  const { clock } = context;
  const startedAt = clock.now();
  const begin = clock.monotonic();
  try {
    return await orAborted(record.member.prepare(input, stop), stop);
  } catch (error) {
    const failure = failureOf(error, stop);
    context.onAttempt(
      attemptOf(record, { startedAt, latencyMs: clock.monotonic() - begin, error: failure, costUsd: 0 }),
    );
    return failure;
  }
}

async function callOnce(
  record: ProviderRecord,
  call: PreparedCall,
  input: DescribeInput,
  stop: AbortSignal,
  context: CallContext,
): Promise<CallOutcome> {
  const { member } = record;
  const { clock } = context;
  const startedAt = clock.now();
  const begin = clock.monotonic();
  let reserved: Reserved = { id: undefined };
  let isSent = false;
  let result: Description | VisionError;
  try {
    reserved = await reserve(record, call, input, stop, context);
    if (call.request !== null) {
      const { eventId } = input;
      showSent(
        { eventId, provider: member.name, model: member.model, startedAt, request: call.request },
        context,
      );
    }
    record.noteCall();
    isSent = true;
    result = await orAborted(call.send(stop), stop);
  } catch (error) {
    result = failureOf(error, stop);
  }
  const latencyMs = clock.monotonic() - begin;
  const attempt =
    result instanceof VisionError
      ? attemptOf(record, {
          startedAt,
          latencyMs,
          error: result,
          costUsd: costOfFailure(result, call, isSent),
        })
      : describedAttempt(record, startedAt, latencyMs, result);
  await settle(reserved, attempt, context);
  context.onAttempt(attempt);
  if (result instanceof VisionError) return failed(record, result, context);
  if (record.noteDescribed(latencyMs)) {
    context.log?.info({ provider: member.name }, 'vision provider answers again');
  }
  return { kind: 'described', description: result };
}

/** Whoever keeps what was sent must not keep it from being sent. */
function showSent(sent: SentRecord, { onSent, log }: CallContext): void {
  try {
    onSent?.(sent);
  } catch (error) {
    log?.warn({ provider: sent.provider, error: messageOf(error) }, 'what was sent could not be kept');
  }
}

function failed(record: ProviderRecord, error: VisionError, { log }: CallContext): CallOutcome {
  const wasAsked = record.breaker.state !== 'open';
  const forMs = record.noteFailure(error);
  if (forMs > 0 && wasAsked) {
    log?.warn(
      { provider: record.member.name, type: error.fault, forMs, error: error.message },
      'vision provider is not asked for a while',
    );
  }
  return { kind: 'failed', error };
}

/** @throws VisionError `budget` when a cap would be passed */
async function reserve(
  { member }: ProviderRecord,
  call: PreparedCall,
  input: DescribeInput,
  stop: AbortSignal,
  context: CallContext,
): Promise<Reserved> {
  // The embedded describer is no service: nothing to account for.
  if (context.ledger === undefined || call.request === null) return { id: undefined };
  const asked = context.ledger.reserve({
    provider: member.name,
    model: member.model,
    eventId: input.eventId,
    cameraId: input.cameraId,
    estimateUsd: member.isFree ? 0 : call.estimateUsd,
  });
  let reservation: Reservation;
  try {
    reservation = await orAborted(asked, stop);
  } catch (error) {
    if (stop.aborted) {
      // It may still be granted: given back as soon as it is.
      void asked.then(
        async (granted) => await giveBack(granted, member, context),
        () => undefined,
      );
      throw error;
    }
    if (member.isFree) return { id: undefined };
    throw new VisionError('budget', `${member.name}: spending can't be recorded: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (reservation.kind === 'reserved') return { id: reservation.id };
  if (member.isFree) return { id: undefined };
  const { cap, capUsd, spentUsd } = reservation;
  throw new VisionError(
    'budget',
    `${member.name}: the ${cap} cap of $${capUsd} would be passed ($${spentUsd.toFixed(4)} spent or reserved)`,
  );
}

async function giveBack(
  reservation: Reservation,
  { name, model }: ProviderRecord['member'],
  context: CallContext,
): Promise<void> {
  if (reservation.kind !== 'reserved') return;
  await settle(
    { id: reservation.id },
    {
      provider: name,
      model,
      startedAt: context.clock.now(),
      latencyMs: 0,
      outcome: 'aborted',
      message: 'not asked: the time was up',
      costUsd: 0,
      inputTokens: null,
      outputTokens: null,
    },
    context,
  );
}

/** A reservation that can't be settled counts in full, which errs on the safe side. */
async function settle(
  { id }: Reserved,
  attempt: ProviderAttempt,
  { ledger, log }: CallContext,
): Promise<void> {
  if (id === undefined) return;
  try {
    await ledger?.settle(id, attempt);
  } catch (error) {
    log?.warn(
      { provider: attempt.provider, error: messageOf(error) },
      'what a call cost could not be recorded',
    );
  }
}

function costOfFailure(error: VisionError, call: PreparedCall, isSent: boolean): number | null {
  if (!isSent) return 0;
  const { usage, isBillable } = error;
  if (usage !== null && (usage.inputTokens !== null || usage.outputTokens !== null))
    return call.costOf(usage);
  // Broken off: the maker may go on and bill it.
  const mayBeBilled =
    isBillable || error.fault === 'timeout' || error.fault === 'superseded' || error.fault === 'aborted';
  return mayBeBilled ? call.estimateUsd : 0;
}

function attemptOf(
  { member }: ProviderRecord,
  {
    startedAt,
    latencyMs,
    error,
    costUsd,
  }: {
    readonly startedAt: number;
    readonly latencyMs: number;
    readonly error: VisionError;
    readonly costUsd: number | null;
  },
): ProviderAttempt {
  return {
    provider: member.name,
    model: member.model,
    startedAt,
    latencyMs: Math.round(latencyMs),
    outcome: error.fault,
    message: error.message,
    costUsd,
    inputTokens: error.usage?.inputTokens ?? null,
    outputTokens: error.usage?.outputTokens ?? null,
  };
}

function describedAttempt(
  { member }: ProviderRecord,
  startedAt: number,
  latencyMs: number,
  { model, costUsd, usage }: Description,
): ProviderAttempt {
  return {
    provider: member.name,
    model,
    startedAt,
    latencyMs: Math.round(latencyMs),
    outcome: 'described',
    message: null,
    costUsd,
    inputTokens: usage?.inputTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
  };
}

/** An attempt that was not made, for one of the chain's own reasons. */
export function notAsked(record: ProviderRecord, error: VisionError, startedAt: number): ProviderAttempt {
  return attemptOf(record, { startedAt, latencyMs: 0, error, costUsd: 0 });
}

/** Whatever was thrown, as a fault. */
export function failureOf(error: unknown, stop: AbortSignal): VisionError {
  if (stop.aborted) {
    const reason: unknown = stop.reason;
    return reason instanceof VisionError ? reason : new VisionError('aborted', 'broken off');
  }
  if (error instanceof VisionError) return error;
  if (isAbort(error)) return new VisionError('aborted', 'broken off', { cause: error });
  const isRetryable = error instanceof AppError && error.isRetryable;
  return new VisionError(isRetryable ? 'overloaded' : 'bad_request', messageOf(error), { cause: error });
}
