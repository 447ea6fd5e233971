import type { Camera } from '../../core/camera.ts';

/** Ports of the makers' device services: most use 80, Reolink 8000, TP-Link 2020, recorders and cheap cameras the others. */
const usualPorts = [80, 8000, 2020, 8080, 8899] as const;
export const devicePath = '/onvif/device_service';

/** Where the device service of a camera may be, the likeliest first; empty for what has no host. */
export function deviceAddressesOf({ url, onvif }: Pick<Camera, 'url' | 'onvif'>): readonly string[] {
  if (onvif.url !== null) return [onvif.url];
  if (!URL.canParse(url)) return [];
  const { hostname } = new URL(url);
  return hostname === '' ? [] : deviceAddressesAt(hostname);
}

/** @param host a name or an address, IPv6 in brackets */
export function deviceAddressesAt(host: string): readonly string[] {
  return usualPorts.map((port) => new URL(`http://${host}:${port}${devicePath}`).href);
}
