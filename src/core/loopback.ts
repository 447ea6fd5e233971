import { isIPv4, isIPv6 } from 'node:net';
import { AppError } from './errors.ts';

/**
 * True for names and addresses that only this machine can reach: `localhost`, 127.0.0.0/8, `::1`, with or without the
 * brackets of an URL. Names are not resolved: what another name means may change after the check.
 */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/s, '$1').toLowerCase();
  if (name === 'localhost') return true;
  if (isIPv4(name)) return name.startsWith('127.');
  if (!isIPv6(name)) return false;
  // One way of writing for each address, as URLs do it (WHATWG URL, "IPv6 serializer").
  const written = new URL(`http://[${name.replace(/%.*$/s, '')}]`).hostname;
  // IPv4 peers of a socket that serves both families come as ::ffff:127.0.0.1, which is written ::ffff:7f00:1.
  return written === '[::1]' || /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/.test(written);
}

/**
 * @param what names the setting in the message, e.g. `server.host`
 * @throws AppError `ADDRESS_REFUSED` for an address that other machines can reach
 */
export function assertLoopback(host: string, what: string): void {
  if (isLoopback(host)) return;
  throw new AppError(
    'ADDRESS_REFUSED',
    `${what}: received "${host}", expected 127.0.0.1, ::1 or localhost: there is no sign-in yet, so everybody who reaches another address would see the cameras. From another machine use an SSH tunnel: ssh -L 8470:127.0.0.1:8470 this-machine`,
  );
}
