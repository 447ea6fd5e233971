import type { ClipFailure } from '../../core/camera-video.ts';
import { AppError } from '../../core/errors.ts';
import type { EventClip } from '../../core/event.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { idParams } from '../query-values.ts';
import { clipResponses, replyWithClip } from '../ranged-reply.ts';
import { unlimited } from '../request-limits.ts';
import { eventNotFound } from './event-routes.ts';

const failures: Readonly<Record<ClipFailure, string>> = {
  codec_not_playable:
    "browsers can't play the camera's format in an MP4 file. Set the camera to H.264 or H.265",
  no_video: 'nothing of the video was kept when the event began',
  disk_full: 'the disk is full. Make room, or let fewer clips be kept',
  write_failed: 'it could not be written; the log says why',
  too_slow: 'the disk did not keep up with the camera',
  media_host_lost: 'the process that recorded it was lost',
  interrupted: 'Vedette ended while it was being recorded',
};

export function registerClipRoutes(app: ApiApp, { store, events }: ApiServices): void {
  app.route({
    method: 'GET',
    url: `${apiPrefix}/events/:id/clip`,
    config: unlimited,
    schema: {
      tags: ['events'],
      summary: "The camera's own video around an event",
      description:
        'MP4, as browsers play it; parts of it with a Range header. While there is none, the answer is 404 `CLIP_NOT_FOUND`, ' +
        'and `details[0].reason` says why: `not_recorded`, `recording`, or what went wrong.',
      params: idParams,
      response: { ...clipResponses, ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const event = await store.events.get(id);
      if (event === undefined) throw eventNotFound(id);
      if (event.clip?.status !== 'ready') throw clipNotFound(id, event.clip);
      return replyWithClip(request, reply, `${id}-clip`, await events.openClip(event.clip.path));
    },
  });
}

function clipNotFound(id: string, clip: EventClip | null): AppError {
  const refuse = (reason: string, why: string): AppError =>
    new AppError('CLIP_NOT_FOUND', `The event ${id} has no clip: ${why}.`, { details: [{ reason }] });
  if (clip === null) {
    return refuse(
      'not_recorded',
      'clips were not switched on for its camera ("clip.enabled") when it happened',
    );
  }
  if (clip.reason === null) return refuse('recording', 'it is still being recorded');
  return refuse(clip.reason, failures[clip.reason]);
}
