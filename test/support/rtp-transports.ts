import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { RtpTransport } from './rtsp-session.ts';

/** RTP and RTCP interleaved with the answers on the control connection (RFC 2326, 10.12). */
export function interleavedTransport(socket: Socket, rtpChannel: number, rtcpChannel: number): RtpTransport {
  const send = (channel: number, packet: Buffer): void => {
    if (socket.destroyed || socket.writableEnded) return;
    const header = Buffer.of(0x24, channel, 0, 0);
    header.writeUInt16BE(packet.length, 2);
    socket.write(Buffer.concat([header, packet]));
  };
  return {
    description: `RTP/AVP/TCP;unicast;interleaved=${rtpChannel}-${rtcpChannel}`,
    get waitingBytes() {
      return socket.writableLength;
    },
    sendRtp: (packet) => {
      send(rtpChannel, packet);
    },
    sendRtcp: (packet) => {
      send(rtcpChannel, packet);
    },
    close: () => undefined,
  };
}

async function bindUdp(port: number, host: string): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  try {
    const listening = once(socket, 'listening');
    socket.bind(port, host);
    await listening;
    // A client that has gone shows itself on the control connection.
    socket.on('error', () => undefined);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** An even port and the next one, as RFC 3550 wants it. */
async function bindUdpPair(host: string): Promise<readonly [rtp: UdpSocket, rtcp: UdpSocket]> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const rtp = await bindUdp(0, host);
    const { port } = rtp.address();
    if (port % 2 === 0) {
      try {
        return [rtp, await bindUdp(port + 1, host)];
      } catch {
        // The neighbour is taken: another pair.
      }
    }
    rtp.close();
  }
  throw new Error('No two neighbouring UDP ports are free.');
}

export async function udpTransport(
  host: string,
  clientRtpPort: number,
  clientRtcpPort: number,
): Promise<RtpTransport> {
  const [rtp, rtcp] = await bindUdpPair(host);
  let isClosed = false;
  return {
    description: `RTP/AVP;unicast;client_port=${clientRtpPort}-${clientRtcpPort};server_port=${rtp.address().port}-${rtcp.address().port}`,
    waitingBytes: 0,
    sendRtp: (packet) => {
      if (!isClosed) rtp.send(packet, clientRtpPort, host);
    },
    sendRtcp: (packet) => {
      if (!isClosed) rtcp.send(packet, clientRtcpPort, host);
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      rtp.close();
      rtcp.close();
    },
  };
}
