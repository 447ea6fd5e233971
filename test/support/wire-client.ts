import type { EventWire } from '../../src/core/event-wire.ts';

/** A request that may be made again: the same key with the same content. */
export interface RepeatableRequest {
  readonly idempotencyKey: string;
  readonly timestamp: string;
}

/** What a program on the other side of the wire does; each call fails the test when the answer is not a good one. */
export interface WireClient {
  get<T>(path: string): Promise<T>;
  events(query?: string): Promise<EventWire[]>;
  event(id: string): Promise<EventWire>;
  firstCameraId(): Promise<string>;
  /** Hands in a picture to be described. */
  submit(cameraId: string, picture: Uint8Array, repeatable?: RepeatableRequest): Promise<EventWire>;
}

export function createWireClient(url: string): WireClient {
  async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
    const answer = await fetch(`${url}/api/v1${path}`, init);
    if (!answer.ok) {
      throw new Error(`${init.method ?? 'GET'} ${path} answered ${answer.status}: ${await answer.text()}`);
    }
    return (await answer.json()) as T;
  }
  return {
    get: (path) => ask(path),
    async events(query = '') {
      const events: EventWire[] = [];
      for (;;) {
        const page = await ask<{ readonly events: EventWire[]; readonly total_count: number }>(
          `/events?limit=500&sort_order=asc&offset=${events.length}${query === '' ? '' : `&${query}`}`,
        );
        events.push(...page.events);
        if (page.events.length === 0 || events.length >= page.total_count) return events;
      }
    },
    event: (id) => ask(`/events/${id}`),
    async firstCameraId() {
      const { cameras } = await ask<{ readonly cameras: readonly { readonly id: string }[] }>('/cameras');
      const id = cameras[0]?.id;
      if (id === undefined) throw new Error('the service has no camera');
      return id;
    },
    submit: (cameraId, picture, repeatable) =>
      ask('/events', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(repeatable === undefined ? {} : { 'idempotency-key': repeatable.idempotencyKey }),
        },
        body: JSON.stringify({
          camera_id: cameraId,
          timestamp: repeatable?.timestamp ?? new Date().toISOString(),
          objects_detected: [],
          thumbnail_base64: Buffer.from(picture).toString('base64'),
        }),
      }),
  };
}
