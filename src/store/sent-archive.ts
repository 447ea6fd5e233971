import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { EventStore, SentRequest } from './event-store.ts';
import type { MediaFiles, SentPictureBytes } from './media-files.ts';

/** What a provider is given for one attempt, the moment before it leaves. */
export interface SentRecord {
  readonly eventId: string;
  readonly provider: string;
  readonly model: string | null;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly request: {
    readonly promptVersion: string;
    readonly system: string;
    readonly prompt: string;
    readonly pictures: readonly SentPictureBytes[];
  };
}

export interface SentArchiveOptions {
  readonly events: Pick<EventStore, 'get' | 'recordSent'>;
  readonly media: Pick<MediaFiles, 'writeSentPictures' | 'removePaths'>;
  readonly log: Logger;
  /** Records that may be under way at once; one more is left out, counted and logged. */
  readonly maxWaiting?: number;
}

/**
 * Keeps exactly what was sent, for the person whose cameras these are: first the pictures, then the row that names them.
 * Nobody waits for it: a disk that is slow or full must not keep an event from being described.
 */
export interface SentArchive extends AsyncDisposable {
  /** Never throws; what could not be kept is logged. */
  add(record: SentRecord): void;
  /** Records that could not be kept, or were left out because too many were under way. */
  readonly lost: number;
}

/** Disposing waits for what is under way. */
export function createSentArchive({ events, media, log, maxWaiting = 64 }: SentArchiveOptions): SentArchive {
  const underWay = new Set<Promise<void>>();
  let lost = 0;

  async function keep({ eventId, provider, model, startedAt, request }: SentRecord): Promise<void> {
    const event = await events.get(eventId);
    if (event === undefined) return;
    const { promptVersion, system, prompt } = request;
    const whose = { provider, sentAt: startedAt };
    const pictures = await media.writeSentPictures(eventId, event.timestamp, whose, request.pictures);
    const sent: SentRequest = { provider, model, sentAt: startedAt, promptVersion, system, prompt, pictures };
    const result = await events.recordSent(eventId, sent);
    const superfluous = result.kind === 'stored' ? result.removed : pictures;
    if (superfluous.length > 0) {
      await media.removePaths(superfluous.map(({ path }) => path));
    }
  }

  async function keepOrLog(record: SentRecord): Promise<void> {
    try {
      await keep(record);
    } catch (error) {
      lost += 1;
      log.warn(
        { eventId: record.eventId, provider: record.provider, error: messageOf(error) },
        'what was sent to the provider could not be kept',
      );
    }
  }

  return {
    add: (record) => {
      if (underWay.size >= maxWaiting) {
        lost += 1;
        log.warn(
          { eventId: record.eventId, provider: record.provider, waiting: underWay.size },
          'what was sent to the provider is not kept: too much is being written',
        );
        return;
      }
      const work = keepOrLog(record).finally(() => underWay.delete(work));
      underWay.add(work);
    },
    get lost() {
      return lost;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(underWay);
    },
  };
}
