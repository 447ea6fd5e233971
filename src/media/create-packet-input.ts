import type { StreamRequest } from '../core/camera-source.ts';
import type { Clock } from '../core/clock.ts';
import type { StreamLimits } from './host-protocol.ts';
import type { PacketInput } from './packet-input.ts';
import { PaintedInput } from './painted-input.ts';
import { SnapshotInput } from './snapshot-input.ts';
import { RtspCameraInput } from './rtsp/rtsp-camera-input.ts';
import { RtspInput } from './rtsp/rtsp-input.ts';
import { StreamInput } from './stream-input.ts';

/** A network call that has not noticed its interruption ends by itself so much later than the watchdog's limit. */
const ioGraceMs = 2_000;

/** What reads the packets of a stream, by its protocol. Nothing is opened yet. */
export function createPacketInput(options: {
  readonly request: StreamRequest;
  readonly limits: StreamLimits;
  readonly clock: Clock;
}): PacketInput {
  const { request, limits, clock } = options;
  if (request.protocol === 'http_snapshot') return new SnapshotInput(request, clock);
  if (request.protocol === 'synthetic') return new PaintedInput(request);
  const ioTimeoutMs = Math.max(limits.openMs, limits.noPacketMs) + ioGraceMs;
  // FFmpeg reads what is encrypted, and datagrams.
  const isPlainTcp = request.transport === 'tcp' && /^rtsp:/i.test(request.url);
  if (request.protocol === 'rtsp' && isPlainTcp) {
    return new RtspCameraInput(new RtspInput(request), () => new StreamInput(request, ioTimeoutMs));
  }
  return new StreamInput(request, ioTimeoutMs);
}
