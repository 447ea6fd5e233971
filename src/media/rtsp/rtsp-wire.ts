/** An answer to a request (RFC 2326, 7). */
export interface RtspAnswer {
  readonly status: number;
  /** Names in lower case; all values of each, in their order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

export interface RtspWireListener {
  onAnswer(answer: RtspAnswer): void;
  /** One interleaved packet: `bytes[begin..end)`, only valid during the call. */
  onPacket(channel: number, bytes: Buffer, begin: number, end: number): void;
  /** Whether a packet can be what it seems to be; what can't is not where a packet begins. */
  isPacket(channel: number, bytes: Buffer, begin: number, end: number): boolean;
}

const dollar = 0x24;
/** Of an interleaved packet: a dollar, the channel, and two bytes of length (RFC 2326, 10.12). */
const prefixBytes = 4;
const answerStart = Buffer.from('RTSP/1.');
/** What is longer is no answer of a camera. */
const longestHeadBytes = 64 * 1024;
const longestBodyBytes = 1024 * 1024;

/** What comes can't be RTSP. */
export class NoRtspError extends Error {}

/**
 * Cuts what a camera sends on its control connection into answers and interleaved packets. As long as no video is expected,
 * anything else is an error; later it is skipped up to where the next packet or answer seems to begin.
 */
export class RtspWire {
  readonly #listener: RtspWireListener;
  /** The beginning of what has not come whole. */
  #kept: Buffer | undefined;
  /** Whether what can't be understood is skipped. */
  isLenient = false;

  constructor(listener: RtspWireListener) {
    this.#listener = listener;
  }

  /**
   * @param piece only looked at during the call
   * @throws NoRtspError
   */
  push(piece: Buffer): void {
    const bytes = this.#kept === undefined ? piece : Buffer.concat([this.#kept, piece]);
    let at = 0;
    while (at < bytes.length) {
      const next = this.#take(bytes, at);
      if (next === at) break;
      at = next;
    }
    this.#kept = at === bytes.length ? undefined : Buffer.from(bytes.subarray(at));
  }

  /** @returns where the next message begins; `at` when this one has not come whole */
  #take(bytes: Buffer, at: number): number {
    if (bytes[at] === dollar) return this.#takePacket(bytes, at);
    const start = bytes.subarray(at, at + answerStart.length);
    if (start.equals(answerStart.subarray(0, start.length))) return this.#takeAnswer(bytes, at);
    return this.#skip(bytes, at);
  }

  #takePacket(bytes: Buffer, at: number): number {
    if (bytes.length < at + prefixBytes) return at;
    const channel = bytes[at + 1] ?? 0;
    const begin = at + prefixBytes;
    const end = begin + bytes.readUInt16BE(at + 2);
    if (bytes.length < Math.min(end, begin + 2)) return at;
    if (!this.#listener.isPacket(channel, bytes, begin, end)) return this.#skip(bytes, at);
    if (bytes.length < end) return at;
    this.#listener.onPacket(channel, bytes, begin, end);
    return end;
  }

  #takeAnswer(bytes: Buffer, at: number): number {
    const [end, bodyBegin] = findHeadEnd(bytes, at);
    if (end === -1) return bytes.length - at > longestHeadBytes ? this.#skip(bytes, at) : at;
    const head = parseHead(bytes.toString('latin1', at, end));
    if (head === undefined) return this.#skip(bytes, at);
    const length = Number(head.headers.get('content-length')?.[0] ?? 0);
    if (!(length >= 0 && length <= longestBodyBytes)) return this.#skip(bytes, at);
    if (bytes.length < bodyBegin + length) return at;
    this.#listener.onAnswer({ ...head, body: bytes.toString('utf8', bodyBegin, bodyBegin + length) });
    return bodyBegin + length;
  }

  #skip(bytes: Buffer, at: number): number {
    if (!this.isLenient) {
      throw new NoRtspError(`it answers with ${JSON.stringify(bytes.toString('latin1', at, at + 20))}`);
    }
    const packet = bytes.indexOf(dollar, at + 1);
    const answer = bytes.indexOf(answerStart, at + 1);
    if (packet === -1) return answer === -1 ? bytes.length : answer;
    return answer === -1 ? packet : Math.min(packet, answer);
  }
}

/** @returns where an empty line begins, and what follows it; some cameras end their lines in a plain line feed */
function findHeadEnd(bytes: Buffer, at: number): readonly [end: number, bodyBegin: number] {
  const end = bytes.indexOf('\r\n\r\n', at);
  const plainEnd = bytes.indexOf('\n\n', at);
  return plainEnd === -1 || (end !== -1 && end < plainEnd) ? [end, end + 4] : [plainEnd, plainEnd + 2];
}

function parseHead(head: string): Omit<RtspAnswer, 'body'> | undefined {
  const [statusLine = '', ...lines] = head.split(/\r?\n/);
  const status = /^RTSP\/1\.\d (\d{3})\b/.exec(statusLine)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return { status: Number(status), headers };
}
