import { isIPv4, isIPv6 } from 'node:net';
import { AppError } from '../core/errors.ts';

/** True for names and addresses that only this machine can reach: `localhost`, 127.0.0.0/8, `::1`. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (name === 'localhost') return true;
  if (isIPv4(name)) return name.startsWith('127.');
  // As the operating system shows IPv4 peers of a socket that serves both: ::ffff:127.0.0.1.
  return isIPv6(name) && (name === '::1' || name === '0:0:0:0:0:0:0:1' || name.startsWith('::ffff:127.'));
}

/** @throws AppError `ADDRESS_REFUSED` for an address that other machines can reach */
export function assertLoopback(host: string): void {
  if (isLoopback(host)) return;
  throw new AppError(
    'ADDRESS_REFUSED',
    `Refused to listen on "${host}": there is no sign-in yet, so everybody who reaches that address would see the cameras. ` +
      'Use 127.0.0.1 (the default), ::1 or localhost; from another machine, reach it through an SSH tunnel: ' +
      'ssh -L 8470:127.0.0.1:8470 this-machine',
  );
}

export function urlOf(host: string, port: number): string {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  return `http://${isIPv6(name) ? `[${name}]` : name}:${port}`;
}
