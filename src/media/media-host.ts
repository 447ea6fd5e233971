import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CameraLostError, type StreamRequest } from '../core/camera-source.ts';
import type { Clock } from '../core/clock.ts';
import { isAbort } from '../core/errors.ts';
import { leanAllocator } from '../core/lean-memory.ts';
import type { Logger } from '../core/log.ts';
import { redact } from '../core/redact.ts';
import { siblingModule } from '../core/sibling-module.ts';
import {
  noCounters,
  type FromHost,
  type HostCounters,
  type StreamLimits,
  type ToHost,
} from './host-protocol.ts';
import type { StreamProof } from './stream-proof.ts';

/** Supervision of a host, in milliseconds. */
export interface HostLimits {
  /** From the start to the first word. Loading takes 0.2 s on an idle machine. */
  readonly startMs: number;
  /** Between two pings. */
  readonly heartbeatMs: number;
  /** Pings in a row without any sign of life, after which the host counts as hung. */
  readonly missedHeartbeats: number;
  /** For a stream to settle after it was told to stop; a native call that does not return by then hangs. */
  readonly settleMs: number;
  /** For a host to end by itself. */
  readonly exitMs: number;
}

export interface HostLoss {
  readonly reason: 'exit' | 'hang';
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** How many streams it had. */
  readonly streams: number;
}

/** One stream's side of the conversation. */
export interface HostListener {
  onMessage(message: Extract<FromHost, { readonly stream: number }>): void;
  /** No message comes after it. */
  onHostLost(error: CameraLostError): void;
}

export interface MediaHostOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: HostLimits;
  readonly streamLimits: StreamLimits;
  readonly threads: number;
  /** Called once, when the process is gone that was asked to go. */
  readonly onEnded: (host: MediaHost) => void;
  /** Called once, when the process is lost, before its streams are told. */
  readonly onSuspected: (suspects: Suspects) => void;
  /** Called once, when a process that was lost is gone. */
  readonly onLost: (host: MediaHost, loss: HostLoss) => void;
  /** Called when the last stream has left. */
  readonly onIdle: (host: MediaHost) => void;
}

interface Attached {
  readonly name: string;
  readonly cameraId: string;
  readonly listener: HostListener;
  /** `opening` until the first picture was decoded, `over` once nothing is read any more. */
  phase: 'opening' | 'running' | 'over';
}

/** Which cameras may be the cause of a loss. */
export interface Suspects {
  readonly cameraIds: ReadonlySet<string>;
  /** There was no other camera in the process. */
  readonly isProof: boolean;
}

/** For a killed process to be gone. */
const buryMs = 1_000;

const stderrLimitCharacters = 4_000;

/** The decoder needs none of the service's environment, which may hold keys, and should not follow its proxies. */
const passedOn = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LD_LIBRARY_PATH',
  'SystemRoot',
  'TEMP',
  'NODE_COMPILE_CACHE',
];

/** A media host process as the service sees it: supervised, killed when it hangs. */
export class MediaHost {
  readonly #options: MediaHostOptions;
  readonly #child: ChildProcess;
  readonly #streams = new Map<number, Attached>();
  readonly #over = new AbortController();
  readonly #exited: Promise<void>;
  #counters = noCounters;
  #stderr = '';
  #isReady = false;
  #isHung = false;
  #isEnding = false;
  #isSuspected = false;
  #hasSpoken = false;

  constructor(options: MediaHostOptions) {
    this.#options = options;
    const environment = passedOn.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    });
    this.#child = fork(fileURLToPath(siblingModule(import.meta.url, 'media-host-process')), [], {
      serialization: 'advanced',
      // What is young in it is small; without the limit, V8 keeps some 20 MB for it.
      execArgv: ['--max-semi-space-size=4'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        ...Object.fromEntries(environment),
        UV_THREADPOOL_SIZE: String(options.threads),
        ...leanAllocator(),
      },
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrLimitCharacters);
    });
    this.#child.on('message', (message) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own child wrote it
      this.#receive(message as FromHost);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#conclude(code, signal);
        resolve();
      });
      // Starting failed, or a message could not be sent to a process that is on its way out.
      this.#child.on('error', (error) => {
        this.#stderr = `${this.#stderr}${error.message}\n`.slice(-stderrLimitCharacters);
        if (this.#child.pid === undefined) {
          this.#conclude(null, null);
          resolve();
        }
      });
    });
    void this.#supervise();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Of the cameras that have streams here. */
  get cameraIds(): ReadonlySet<string> {
    return new Set([...this.#streams.values()].map(({ cameraId }) => cameraId));
  }

  get counters(): HostCounters {
    return this.#counters;
  }

  /** False once it is about to end. */
  get isUsable(): boolean {
    return !this.#isEnding && !this.#isHung && !this.#over.signal.aborted;
  }

  /** @param proof of the camera's connection before */
  open(stream: number, request: StreamRequest, listener: HostListener, proof?: StreamProof): void {
    const { name, cameraId } = request;
    this.#streams.set(stream, { name, cameraId, listener, phase: 'opening' });
    const limits = this.#options.streamLimits;
    this.send({ kind: 'open', stream, request, limits, ...(proof === undefined ? {} : { proof }) });
  }

  send(message: ToHost): void {
    if (!this.#child.connected) return;
    // A failure to send is followed by the end of the process, which is dealt with.
    this.#child.send(message, () => undefined);
  }

  /**
   * Kills the host when the stream does not settle in time: a native call hangs, and only the end of the process
   * ends it.
   *
   * @param graceMs for what may take longer, beyond the limit
   */
  expectSettled(stream: number, settled: Promise<void>, graceMs = 0): void {
    void this.#expectSettled(stream, settled, graceMs);
  }

  /** The stream is closed and will not be heard of again. */
  detach(stream: number): void {
    if (this.#streams.delete(stream) && this.#streams.size === 0) this.#options.onIdle(this);
  }

  /** Asks the process to end, and makes it end. Resolves when it is gone. */
  async end(): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.send({ kind: 'shutdown' });
      void this.#killAfter(this.#options.limits.exitMs);
    }
    // A process that waits for a dead network drive outlives even its killing; nobody waits for that.
    await Promise.race([this.#exited, this.#slept(this.#options.limits.exitMs + buryMs)]);
  }

  #receive(message: FromHost): void {
    this.#hasSpoken = true;
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        return;
      case 'pong':
        this.#counters = message.counters;
        return;
      case 'info':
        this.#tell(message, 'running');
        return;
      case 'end':
      case 'lost':
      case 'stopped':
        this.#tell(message, 'over');
        return;
      case 'decode':
      case 'proof':
      case 'frames':
      case 'closed':
      case 'pictures':
      case 'no_pictures':
      case 'clip':
      case 'live_chunk':
      case 'live_refused':
      case 'live_end':
        this.#tell(message);
    }
  }

  #tell(message: Parameters<HostListener['onMessage']>[0], phase?: Attached['phase']): void {
    const attached = this.#streams.get(message.stream);
    if (attached === undefined) return;
    if (phase !== undefined) attached.phase = phase;
    attached.listener.onMessage(message);
  }

  async #supervise(): Promise<void> {
    const { clock, limits } = this.#options;
    const startedAt = clock.monotonic();
    let missed = 0;
    while (!this.#over.signal.aborted) {
      const sentAt = clock.monotonic();
      if (!(await this.#slept(limits.heartbeatMs))) return;
      const now = clock.monotonic();
      // When this process itself was held up, the host's words may lie unread: nobody is blamed.
      const isOnTime = now - sentAt < limits.heartbeatMs * 1.5;
      if (this.#hasSpoken) missed = 0;
      else if (isOnTime && this.#isReady) missed += 1;
      this.#hasSpoken = false;
      const isStuckAtStart = !this.#isReady && now - startedAt > limits.startMs;
      if (missed >= limits.missedHeartbeats || isStuckAtStart) {
        this.#kill();
        return;
      }
      this.send({ kind: 'ping' });
    }
  }

  async #expectSettled(stream: number, settled: Promise<void>, graceMs: number): Promise<void> {
    const isSettled = settled.then(() => true);
    const inTime = await Promise.race([
      isSettled,
      this.#slept(this.#options.limits.settleMs + graceMs).then((slept) => !slept),
    ]);
    if (inTime) return;
    const attached = this.#streams.get(stream);
    this.#options.log.warn(
      { camera: attached?.name, pid: this.pid },
      'a call to the decoder does not return',
    );
    this.#kill(attached);
  }

  async #killAfter(ms: number): Promise<void> {
    if (await this.#slept(ms)) this.#child.kill('SIGKILL');
  }

  /** @returns false when the host ended meanwhile */
  async #slept(ms: number): Promise<boolean> {
    try {
      await this.#options.clock.sleep(ms, this.#over.signal);
      return true;
    } catch (error) {
      if (isAbort(error)) return false;
      throw error;
    }
  }

  /** @param culprit whose call does not return, where that is known */
  #kill(culprit?: Attached): void {
    if (this.#over.signal.aborted) return;
    this.#suspect(culprit);
    this.#isHung = true;
    this.#child.kill('SIGKILL');
    // Its streams need not wait until the system has cleared the process away.
    this.#loseStreams('it did not answer any more and was ended');
  }

  #conclude(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    const streams = this.#streams.size;
    if (!this.#isEnding) this.#suspect();
    this.#loseStreams(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`);
    this.#streams.clear();
    if (this.#isEnding) {
      this.#options.onEnded(this);
      return;
    }
    const reason = this.#isHung ? 'hang' : 'exit';
    const stderr = redact(this.#stderr).trim();
    this.#options.log.warn({ pid: this.pid, reason, code, signal, streams, stderr }, 'media host lost');
    this.#options.onLost(this, { reason, code, signal, streams });
  }

  /** Suspects, first of all, what was being opened: what streams has proved that it can be read. */
  #suspect(culprit?: Attached): void {
    if (this.#isSuspected) return;
    this.#isSuspected = true;
    const all = [...this.#streams.values()];
    const opening = all.filter(({ phase }) => phase === 'opening');
    const running = all.filter(({ phase }) => phase === 'running');
    const suspects =
      culprit === undefined ? ([opening, running].find(({ length }) => length > 0) ?? all) : [culprit];
    this.#options.onSuspected({
      cameraIds: new Set(suspects.map(({ cameraId }) => cameraId)),
      isProof: this.cameraIds.size === 1,
    });
  }

  #loseStreams(how: string): void {
    for (const { name, listener } of this.#streams.values()) {
      listener.onHostLost(
        new CameraLostError(
          'decoder_crashed',
          `The decoder process of ${name} was lost: ${how}. A new one is started at the next connection.`,
        ),
      );
    }
  }
}
