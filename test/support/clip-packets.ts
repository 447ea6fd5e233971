import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { siblingModule } from '../../src/core/sibling-module.ts';

export interface PacketHeader {
  readonly sizeBytes: number;
  readonly ptsMs: number;
  readonly dtsMs: number;
  readonly isKey: boolean;
}

export interface ClipHeader {
  /** As FFmpeg names it: `h264`, `hevc`, `mjpeg`, … */
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly packets: readonly PacketHeader[];
}

/** One coded picture: an access unit with start codes for H.264 and H.265, a JPEG for MJPEG. */
export interface ClipPacket {
  readonly data: Buffer;
  /** When it is shown, milliseconds from the first one. */
  readonly ptsMs: number;
  /** When it is sent, milliseconds from the first one; never falls. */
  readonly dtsMs: number;
  readonly isKey: boolean;
}

export interface Clip extends Omit<ClipHeader, 'packets'> {
  readonly packets: readonly ClipPacket[];
  /** From the first packet to the moment at which the clip begins again. */
  readonly durationMs: number;
}

const maxClipBytes = 1024 * 1024 * 1024;

/** Reads the coded pictures of any clip, in a child process. */
export async function readClipPackets(path: string): Promise<Clip> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(siblingModule(import.meta.url, 'clip-packets-process')), path],
    { encoding: 'buffer', maxBuffer: maxClipBytes },
  );
  const headerBytes = stdout.readUInt32BE(0);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own child wrote it
  const header = JSON.parse(stdout.toString('utf8', 4, 4 + headerBytes)) as ClipHeader;
  const first = header.packets[0];
  if (first === undefined) throw new Error(`${path} has no pictures, expected at least one.`);
  let offset = 4 + headerBytes;
  let dtsMs = 0;
  const packets = header.packets.map((packet) => {
    const data = stdout.subarray(offset, offset + packet.sizeBytes);
    offset += packet.sizeBytes;
    dtsMs = Math.max(dtsMs, packet.dtsMs - first.dtsMs);
    return { data, ptsMs: packet.ptsMs - first.ptsMs, dtsMs, isKey: packet.isKey };
  });
  return { ...header, packets, durationMs: dtsMs + 1_000 / header.framesPerSecond };
}
