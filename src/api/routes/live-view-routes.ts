import { Readable } from 'node:stream';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses, routeNotFound } from '../error-reply.ts';
import { PictureStream, pictureStreamType } from '../picture-stream.ts';
import { idParams } from '../query-values.ts';
import { unlimited } from '../request-limits.ts';
import type { VideoViewers } from '../video-viewers.ts';
import { cameraNotFound } from './camera-routes.ts';

/** Each holds a connection open for as long as it likes. */
const maxStreams = 50;

const streamResponse = {
  description: 'JPEG pictures, one after the other, without end',
  content: {
    'multipart/x-mixed-replace': {
      schema: z.custom<Readable>().meta({ type: 'string', format: 'binary' }),
    },
  },
} as const;

export function registerLiveViewRoutes(
  app: ApiApp,
  { cameras }: ApiServices,
  videoViewers: VideoViewers,
): void {
  const streams = new Set<PictureStream>();

  app.addHook('preClose', (done) => {
    for (const stream of streams) stream.end();
    done();
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/cameras/:id/stream`,
    config: unlimited,
    schema: {
      tags: ['cameras'],
      summary: 'What a camera sees, as MJPEG',
      description:
        'Up to 5 pictures a second, as an `<img>` shows them. The video itself comes by the WebSocket at `/ws/cameras/{id}/live`.',
      params: idParams,
      response: { 200: streamResponse, ...errorResponses(404, 409, 429, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      if (cameras.get(id) === undefined) throw cameraNotFound(id);
      if (streams.size >= maxStreams) {
        throw new AppError(
          'RATE_LIMITED',
          `${maxStreams} such streams are being watched already; close one.`,
        );
      }
      // Says at once when there is nothing to be seen.
      const first = await cameras.preview(id);
      void reply.header('cache-control', 'no-store').type(pictureStreamType);
      if (request.method === 'HEAD') return reply.send(Readable.from([]));
      const stream = new PictureStream();
      streams.add(stream);
      const leave = cameras.watchPictures(id, {
        onPicture: (picture) => {
          stream.offer(picture);
        },
        onEnd: () => {
          stream.end();
        },
      });
      stream.once('close', () => {
        streams.delete(stream);
        leave();
      });
      void reply.send(stream);
      stream.offer(first);
      return reply;
    },
  });

  app.route({
    method: 'GET',
    url: '/ws/cameras/:id/live',
    schema: { hide: true, params: idParams },
    handler: (request) => {
      throw routeNotFound(request);
    },
    wsHandler: (socket, request) => {
      videoViewers.accept(socket, request.params.id);
    },
  });
}
