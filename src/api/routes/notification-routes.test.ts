import { expect, test } from 'vitest';
import { startApi } from '../../../test/fakes/api-services.ts';
import { createId } from '../../core/ids.ts';

const createdAt = Date.UTC(2026, 5, 1);

test('notifications are listed with the number of unread ones, and marked as read', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera('Gate');
  const ids = [createId(), createId()];
  for (const [index, id] of ids.entries()) {
    await api.store.notifications.add(
      {
        id,
        type: 'camera.condition_changed',
        cameraId,
        cameraName: 'Gate',
        title: 'Gate is covered',
        message: 'Look at it.',
        details: { condition: 'covered', previous: 'clear' },
        createdAt: createdAt + index,
        readAt: null,
      },
      ['hook'],
    );
  }
  const list = await api.call('GET', '/api/v1/notifications?limit=1');
  expect(list.json).toEqual({
    notifications: [
      {
        id: ids[1],
        type: 'camera.condition_changed',
        camera_id: cameraId,
        camera_name: 'Gate',
        title: 'Gate is covered',
        message: 'Look at it.',
        details: { condition: 'covered', previous: 'clear' },
        created_at: '2026-06-01T00:00:00.001Z',
        read_at: null,
      },
    ],
    total_count: 2,
    unread_count: 2,
    has_more: true,
    next_offset: 1,
    limit: 1,
    offset: 0,
  });
  const read = await api.call('POST', `/api/v1/notifications/${ids[1]}/read`);
  expect(read.json).toMatchObject({ id: ids[1], read_at: expect.any(String) as string });
  expect((await api.call('GET', '/api/v1/notifications?unread=true')).json).toMatchObject({
    notifications: [{ id: ids[0] }],
    total_count: 1,
    unread_count: 1,
  });
  expect((await api.call('POST', '/api/v1/notifications/read-all')).json).toEqual({ marked: 1 });
  expect((await api.call('GET', '/api/v1/notifications')).json).toMatchObject({ unread_count: 0 });
  expect((await api.call('GET', '/api/v1/deliveries')).json).toMatchObject({
    deliveries: [
      { event_id: null, notification_id: ids[1] },
      { event_id: null, notification_id: ids[0] },
    ],
  });
});

test('what is not there, and what is not understood, is refused', async () => {
  await using api = await startApi();
  expect(await api.call('POST', '/api/v1/notifications/nobody/read')).toMatchObject({
    status: 404,
    json: { error: { code: 'NOTIFICATION_NOT_FOUND' } },
  });
  for (const query of ['limit=0', 'unread=maybe', 'type=x']) {
    expect((await api.call('GET', `/api/v1/notifications?${query}`)).status).toBe(422);
  }
});
