import type { LiveMessage, SequencedMessage } from '../core/live-feed.ts';
import { toEventWire, type EventWire } from '../core/event-wire.ts';
import { toNotificationWire, type NotificationWire } from '../core/notification-wire.ts';
import { toWireTime } from '../core/wire-values.ts';
import { toCameraStateWire, type CameraStateWire } from './camera-wire.ts';

/** Every message of the WebSocket. */
export interface LiveWire {
  readonly type: LiveMessage['type'] | 'HELLO' | 'RELOAD' | 'PONG' | 'ERROR';
  /** A client that reconnects asks for what came after the last of these that it saw. */
  readonly seq: number;
  readonly timestamp: string;
  readonly data: unknown;
}

export function toLiveWire({ seq, timestamp, message }: SequencedMessage): LiveWire {
  return { type: message.type, seq, timestamp: toWireTime(timestamp), data: dataOf(message) };
}

type LiveData =
  | EventWire
  | NotificationWire
  | { readonly id: string }
  | { readonly camera_id: string; readonly camera_name: string; readonly state: CameraStateWire };

function dataOf(message: LiveMessage): LiveData {
  switch (message.type) {
    case 'EVENT_CREATED':
    case 'EVENT_UPDATED':
      return toEventWire(message.event);
    case 'EVENT_DELETED':
      return { id: message.eventId };
    case 'NOTIFICATION_CREATED':
      return toNotificationWire(message.notification);
    case 'CAMERA_STATUS_CHANGED':
      break;
  }
  return {
    camera_id: message.cameraId,
    camera_name: message.cameraName,
    state: toCameraStateWire(message.state),
  };
}
