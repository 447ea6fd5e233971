import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createScriptedChain } from '../../test/fakes/scripted-chain.ts';
import { openPipelineRig, type PipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { createWebhook } from '../notify/webhook.ts';
import type { NotificationStore } from '../store/notification-store.ts';
import type { CameraNews } from './camera-news.ts';
import { PeopleNotifier } from './notify-people.ts';

const lost: CameraNews = {
  type: 'camera.lost',
  cause: 'refused',
  message: 'Nobody listens.',
  since: Date.UTC(2026, 5, 1),
  losses: 1,
};

function notifierOf(
  rig: PipelineRig,
  store: NotificationStore,
  targets: readonly string[] = [],
): PeopleNotifier {
  return new PeopleNotifier({
    store,
    live: rig.live,
    metrics: rig.metrics,
    clock: systemClock,
    log: silentLog(),
    deliveryTargets: targets,
    onDeliveriesDue: () => {
      rig.pipeline.deliverer.wake();
    },
  });
}

test('news are stored, told live and sent to webhooks, signed, again until they are taken', async () => {
  await using dir = await makeTempDir();
  const received: { readonly headers: IncomingHttpHeaders; readonly body: unknown }[] = [];
  let answer = 200;
  const server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      received.push({ headers: request.headers, body: JSON.parse(await text(request)) as unknown });
      response.writeHead(answer).end();
    };
    // A request that breaks off is seen as one that is missing.
    void take();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const hook = createWebhook({ name: 'hook', url: `http://127.0.0.1:${port}/`, secret: 'correct horse' });
  await using rig = await openPipelineRig({
    dataDir: dir.path,
    chain: createScriptedChain(() => 'x'),
    notifiers: [hook],
  });
  const delivering = rig.pipeline.deliverer.run(rig.stop);
  const people = notifierOf(rig, rig.store.notifications, ['hook']);
  answer = 503;
  people.add(lost, rig.camera);
  await people.flush();
  const [first] = await waitUntil('the first attempt', () => (received.length > 0 ? received : undefined));
  const { notifications } = await rig.store.notifications.list({ limit: 10, offset: 0 });
  expect(notifications).toMatchObject([
    { type: 'camera.lost', title: 'Yard is lost', cameraId: rig.camera.id },
  ]);
  expect(rig.messages.map(({ message }) => message.type)).toContain('NOTIFICATION_CREATED');
  expect(first?.headers['x-vedette-signature']).toMatch(/^sha256=/);
  expect(first?.body).toMatchObject({
    type: 'camera.lost',
    data: { id: notifications[0]?.id, camera_name: 'Yard', details: { cause: 'refused' } },
  });
  answer = 200;
  const delivery = await waitUntil('the failure to be noted', async () => {
    const { deliveries } = await rig.store.deliveries.list({ limit: 10, offset: 0 });
    return deliveries[0]?.attempts === 1 ? deliveries[0] : undefined;
  });
  await rig.store.deliveries.retry(delivery.id, Date.now());
  rig.pipeline.deliverer.wake();
  await waitUntil('the second attempt', () => received.length === 2);
  expect(received[1]?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
  await waitUntil(
    'it to be marked',
    async () => (await rig.store.deliveries.list({ status: 'sent', limit: 1, offset: 0 })).totalCount === 1,
  );
  rig.stop.requestDrain();
  await delivering;
  server.close();
  server.closeAllConnections();
});

test('what the database does not take now is stored later, in order and once', async () => {
  await using dir = await makeTempDir();
  await using rig = await openPipelineRig({ dataDir: dir.path, chain: createScriptedChain(() => 'x') });
  const { notifications } = rig.store;
  let failure: AppError | undefined = new AppError('STORE_UNAVAILABLE', 'busy');
  const people = notifierOf(rig, {
    ...notifications,
    add: async (notification, targets) => {
      // The answer gets lost, and the row is there.
      await notifications.add(notification, targets);
      if (failure !== undefined) throw failure;
    },
  });
  people.add(lost, rig.camera);
  people.add({ type: 'camera.recovered', since: 2, lostSince: 1, losses: 1 }, rig.camera);
  await people.flush();
  await people.flush();
  expect(rig.messages).toEqual([]);
  failure = undefined;
  await people.flush();
  const page = await notifications.list({ limit: 10, offset: 0 });
  expect(page.notifications.map(({ type }) => type)).toEqual(['camera.recovered', 'camera.lost']);
  expect(rig.messages).toHaveLength(2);
});

test('news of a camera that is gone altogether are given up, and hold up no others', async () => {
  await using dir = await makeTempDir();
  await using rig = await openPipelineRig({ dataDir: dir.path, chain: createScriptedChain(() => 'x') });
  const people = notifierOf(rig, rig.store.notifications);
  people.add(lost, { id: 'no such camera', name: 'Ghost' });
  people.add(lost, rig.camera);
  await people.flush();
  const page = await rig.store.notifications.list({ limit: 10, offset: 0 });
  expect(page.notifications.map(({ cameraName }) => cameraName)).toEqual(['Yard']);
});
