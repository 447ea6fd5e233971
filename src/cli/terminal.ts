import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Where a command reads and writes. */
export type Terminal = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>;

/** True when somebody is there who can be asked. */
export function isInteractive({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY && stderr.isTTY;
}

/** Asks on stderr, so that stdout holds the result only. */
export class Prompter implements Disposable {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  readonly #lines: Interface;
  /** While a secret is typed nothing is echoed. */
  #isMuted = false;

  /** @param abort aborted by Ctrl-C, which the terminal hands to whoever reads from it */
  constructor(terminal: Terminal, abort: AbortController) {
    this.#terminal = terminal;
    this.#signal = abort.signal;
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (!this.#isMuted) terminal.stderr.write(chunk);
        done();
      },
    });
    this.#lines = createInterface({ input: terminal.stdin, output, terminal: true });
    this.#lines.on('SIGINT', () => {
      abort.abort();
    });
  }

  async ask(question: string): Promise<string> {
    return (await this.#lines.question(question, { signal: this.#signal })).trim();
  }

  async askSecret(question: string): Promise<string> {
    this.#terminal.stderr.write(question);
    this.#isMuted = true;
    try {
      return await this.#lines.question('', { signal: this.#signal });
    } finally {
      this.#isMuted = false;
      this.#terminal.stderr.write('\n');
    }
  }

  async confirm(question: string): Promise<boolean> {
    return /^y(?:es)?$/i.test(await this.ask(`${question} [y/N] `));
  }

  [Symbol.dispose](): void {
    this.#lines.close();
  }
}
