import { AppError } from '../core/errors.ts';

/**
 * Reads the value of `--camera`.
 *
 * @throws AppError `CONFIG_INVALID`, without the text, which may hold a password
 */
export function parseCameraFlag(text: string): { readonly name: string; readonly url: string } {
  const match = /^(?<name>[^=]*)=(?<url>.*)$/s.exec(text);
  const name = match?.groups?.['name']?.trim() ?? '';
  const url = match?.groups?.['url']?.trim() ?? '';
  if (name === '' || url === '' || name.includes('://')) {
    const lack =
      name.includes('://') || match === null ? 'no name' : name === '' ? 'an empty name' : 'no address';
    throw new AppError(
      'CONFIG_INVALID',
      `--camera: received ${lack}, expected NAME=URL, e.g. --camera "Front door=rtsp://192.168.1.20/stream"`,
    );
  }
  return { name, url };
}
