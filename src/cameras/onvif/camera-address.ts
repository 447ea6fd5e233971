/**
 * Where a service of the camera is: at the host by which the camera was reached, whatever host its answer names. Cameras
 * behind a router name their inner address, and a stranger's answer is not to send us elsewhere. The port is the answer's
 * own where it names the same host, and else the one that was reached.
 *
 * @param received an address from an answer
 * @param reached the address of the device service
 * @returns `undefined` for what is no web address
 */
export function serviceAtCamera(received: string, reached: URL): URL | undefined {
  const url = parseUrl(received);
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  if (url.hostname !== reached.hostname) {
    url.protocol = reached.protocol;
    url.host = reached.host;
  }
  return withoutCredentials(url);
}

/**
 * The same for a video stream: the camera's host with the port of the answer, and no credentials.
 *
 * @returns `undefined` for what is no RTSP address
 */
export function streamAtCamera(received: string, reached: URL): string | undefined {
  const url = parseUrl(received);
  if (url === undefined || !/^rtsps?:$/.test(url.protocol) || url.hostname === '') return undefined;
  url.hostname = reached.hostname;
  return withoutCredentials(url).href;
}

/** Cameras escape `&` twice now and then, and put spaces around addresses. */
function parseUrl(text: string): URL | undefined {
  const address = text.trim().replaceAll('&amp;', '&');
  return address.length <= 2048 && URL.canParse(address) ? new URL(address) : undefined;
}

function withoutCredentials(url: URL): URL {
  url.username = '';
  url.password = '';
  return url;
}
