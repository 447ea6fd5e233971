import { BlockList, isIP } from 'node:net';
import { AppError } from '../core/errors.ts';

/** @throws AppError `ADDRESS_REFUSED` for anything but `localhost`, 127.0.0.0/8 and `::1` */
export function assertLoopbackHost(host: string): void {
  const bare = host.replace(/^\[(.*)\]$/s, '$1');
  const family = isIP(bare);
  if (bare.toLowerCase() === 'localhost') return;
  if (family !== 0 && loopbackAddresses().check(bare, family === 4 ? 'ipv4' : 'ipv6')) return;
  throw new AppError(
    'ADDRESS_REFUSED',
    `server.host: received "${host}", expected 127.0.0.1, ::1 or localhost: there is no sign-in yet, so everybody who reaches another address would see the cameras. From another machine use an SSH tunnel: ssh -L 8470:127.0.0.1:8470 this-machine`,
  );
}

function loopbackAddresses(): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress('::1', 'ipv6');
  return list;
}
