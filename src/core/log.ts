import { pino, type Logger } from 'pino';

export type { Logger };

/** A logger that writes nothing: for tests and for commands that print their own output. */
export function silentLog(): Logger {
  return pino({ level: 'silent' });
}
