import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { eventWireSchema, toEventWire } from '../../core/event-wire.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices, CameraWithState } from '../api-services.ts';
import { tryCamera } from '../camera-trial.ts';
import {
  cameraBodySchema,
  cameraChangeSchema,
  cameraTestBodySchema,
  changedBody,
  toCameraInput,
} from '../camera-input.ts';
import {
  cameraSchema,
  cameraStateSchema,
  cameraTestResultSchema,
  toCameraStateWire,
  toCameraWire,
} from '../camera-wire.ts';
import { errorResponses } from '../error-reply.ts';
import { jpegResponse, replyWithLivePicture } from '../picture-reply.ts';
import { emptyBody, idParams } from '../query-values.ts';
import { costly, unlimited } from '../request-limits.ts';

const listSchema = z
  .object({ cameras: z.array(cameraSchema), total_count: z.int() })
  .meta({ id: 'CameraList' });

const tags = ['cameras'];

export function registerCameraRoutes(app: ApiApp, { cameras }: ApiServices): void {
  const existing = (id: string): CameraWithState => {
    const found = cameras.get(id);
    if (found === undefined) throw cameraNotFound(id);
    return found;
  };

  /** What the configuration sets would be back with the next start: it is changed there. */
  const changeable = (id: string): CameraWithState => {
    const found = existing(id);
    if (found.camera.origin !== 'config') return found;
    throw new AppError(
      'CAMERA_IN_CONFIG',
      `The camera "${found.camera.name}" is set in the configuration file or on the command line: change it there and restart.`,
    );
  };

  app.route({
    method: 'GET',
    url: `${apiPrefix}/cameras`,
    schema: { tags, summary: 'All cameras with their states', response: { 200: listSchema } },
    async handler(_request, reply) {
      const list = cameras.list().map(toCameraWire);
      return reply.send({ cameras: list, total_count: list.length });
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/cameras`,
    schema: {
      tags,
      summary: 'Add a camera and start it',
      body: cameraBodySchema,
      response: { 201: cameraSchema, ...errorResponses(400, 409, 422, 503) },
    },
    async handler(request, reply) {
      const created = await cameras.create(toCameraInput(request.body, cameras.types));
      return reply
        .code(201)
        .header('location', `${apiPrefix}/cameras/${created.camera.id}`)
        .send(toCameraWire(created));
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/cameras/test`,
    config: costly,
    schema: {
      tags,
      summary: 'Try a camera out before it is saved',
      description:
        'Connects, takes one picture and disconnects. Answers 200 either way; `ok` says how it went.',
      body: cameraTestBodySchema,
      response: { 200: cameraTestResultSchema, ...errorResponses(400, 422, 429) },
    },
    async handler(request, reply) {
      return reply.send(await tryCamera(cameras, toCameraInput(request.body, cameras.types)));
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/cameras/:id`,
    schema: {
      tags,
      summary: 'One camera with its state',
      params: idParams,
      response: { 200: cameraSchema, ...errorResponses(404) },
    },
    async handler(request, reply) {
      return reply.send(toCameraWire(existing(request.params.id)));
    },
  });

  app.route({
    method: 'PUT',
    url: `${apiPrefix}/cameras/:id`,
    schema: {
      tags,
      summary: 'Replace a camera',
      description:
        'Fields that are left out take their defaults; only the password stays as it is when it is left out.',
      params: idParams,
      body: cameraBodySchema,
      response: { 200: cameraSchema, ...errorResponses(400, 404, 409, 422, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const input = toCameraInput(request.body, cameras.types, changeable(id).camera);
      const updated = await cameras.update(id, input);
      if (updated === undefined) throw cameraNotFound(id);
      return reply.send(toCameraWire(updated));
    },
  });

  app.route({
    method: 'PATCH',
    url: `${apiPrefix}/cameras/:id`,
    schema: {
      tags,
      summary: 'Change some settings of a camera',
      description:
        'What is left out stays as it is; lists, `schedule`, `clip` and `onvif` are replaced as a whole.',
      params: idParams,
      body: cameraChangeSchema,
      response: { 200: cameraSchema, ...errorResponses(400, 404, 409, 422, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const { camera } = changeable(id);
      const input = toCameraInput(changedBody(request.body, camera), cameras.types, camera);
      const updated = await cameras.update(id, input);
      if (updated === undefined) throw cameraNotFound(id);
      return reply.send(toCameraWire(updated));
    },
  });

  app.route({
    method: 'DELETE',
    url: `${apiPrefix}/cameras/:id`,
    schema: {
      tags,
      summary: 'Stop and remove a camera; its events stay',
      params: idParams,
      response: { 204: z.undefined().meta({ description: 'Removed' }), ...errorResponses(404, 409, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      changeable(id);
      if (!(await cameras.delete(id))) throw cameraNotFound(id);
      return reply.code(204).send();
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/cameras/:id/status`,
    schema: {
      tags,
      summary: 'How a camera is doing now',
      params: idParams,
      response: { 200: cameraStateSchema, ...errorResponses(404) },
    },
    async handler(request, reply) {
      return reply.send(toCameraStateWire(existing(request.params.id).state));
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/cameras/:id/test`,
    config: costly,
    schema: {
      tags,
      summary: 'Try a saved camera out',
      description:
        'A connection of its own beside the running one. Answers 200 either way; `ok` says how it went.',
      params: idParams,
      body: emptyBody,
      response: { 200: cameraTestResultSchema, ...errorResponses(404, 429) },
    },
    async handler(request, reply) {
      const {
        id: _id,
        createdAt: _createdAt,
        updatedAt: _updatedAt,
        ...input
      } = existing(request.params.id).camera;
      return reply.send(await tryCamera(cameras, input));
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/cameras/:id/reconnect`,
    schema: {
      tags,
      summary: 'Drop the connection and connect at once',
      params: idParams,
      body: emptyBody,
      response: { 202: cameraStateSchema, ...errorResponses(404) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      existing(id);
      cameras.reconnect(id);
      return reply.code(202).send(toCameraStateWire(existing(id).state));
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/cameras/:id/analyze`,
    config: costly,
    schema: {
      tags,
      summary: 'Capture and describe what the camera sees now',
      description: 'Answers the captured event; its description follows as it does for every event.',
      params: idParams,
      body: emptyBody,
      response: { 201: eventWireSchema, ...errorResponses(404, 409, 429, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      existing(id);
      const event = await cameras.analyze(id);
      return reply.code(201).header('location', `${apiPrefix}/events/${event.id}`).send(toEventWire(event));
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/cameras/:id/preview`,
    config: unlimited,
    schema: {
      tags,
      summary: 'The latest picture',
      params: idParams,
      response: { 200: jpegResponse, ...errorResponses(404, 409, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      existing(id);
      const { jpeg } = await cameras.preview(id);
      return replyWithLivePicture(reply, jpeg);
    },
  });
}

export function cameraNotFound(id: string): AppError {
  return new AppError('CAMERA_NOT_FOUND', `There is no camera "${id}". GET ${apiPrefix}/cameras lists them.`);
}
