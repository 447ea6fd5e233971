import { BlockList, isIP } from 'node:net';

/** This very machine: `localhost`, 127.0.0.0/8, `::1`. */
export function isLoopbackHost(host: string): boolean {
  return /^(?:.+\.)?localhost\.?$/i.test(host) || isIn(loopback(), host);
}

/** A machine of the same household: private addresses, `.local` and names without a dot. */
export function isPrivateHost(host: string): boolean {
  if (isIP(bare(host)) !== 0) return isIn(privateNetworks(), host);
  return /\.(?:local|lan|home|internal|home\.arpa)\.?$/i.test(host) || !host.includes('.');
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/s, '$1');
}

function isIn(list: BlockList, host: string): boolean {
  const address = bare(host);
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

function loopback(): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addAddress('::1', 'ipv6');
  return list;
}

function privateNetworks(): BlockList {
  const list = new BlockList();
  list.addSubnet('10.0.0.0', 8, 'ipv4');
  list.addSubnet('172.16.0.0', 12, 'ipv4');
  list.addSubnet('192.168.0.0', 16, 'ipv4');
  list.addSubnet('169.254.0.0', 16, 'ipv4');
  list.addSubnet('fc00::', 7, 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  return list;
}
