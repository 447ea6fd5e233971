import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface DiscoveryResponder extends AsyncDisposable {
  readonly port: number;
  /** Types that were asked for, in order. */
  readonly asked: readonly string[];
}

/** @param answers to each probe, made from its message id and type */
export async function startDiscoveryResponder(
  answers: (messageId: string, type: string) => readonly string[],
): Promise<DiscoveryResponder> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (probe, from) => {
    const text = probe.toString('utf8');
    const type = /<d:Types>([^<]*)</.exec(text)?.[1] ?? '';
    asked.push(type);
    const id = /MessageID>([^<]*)</.exec(text)?.[1] ?? '';
    for (const answer of answers(id, type)) socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    asked,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

export interface ProbeMatchOptions {
  readonly id?: string;
  readonly relatesTo?: string;
  /** With spaces between them. */
  readonly xaddrs: string;
  readonly scopes?: string;
}

/** As cameras answer a probe: WS-Discovery of 2005 with the addressing of 2004. */
export function probeMatch({
  id = 'urn:uuid:1',
  relatesTo = '',
  xaddrs,
  scopes = '',
}: ProbeMatchOptions): string {
  return `<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><SOAP-ENV:Header><wsa:RelatesTo>${relatesTo}</wsa:RelatesTo></SOAP-ENV:Header><SOAP-ENV:Body><d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference><wsa:Address>${id}</wsa:Address></wsa:EndpointReference><d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>${scopes}</d:Scopes><d:XAddrs>${xaddrs}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>`;
}
