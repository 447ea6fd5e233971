import { InvalidArgumentError } from 'commander';

/** Where a service listens unless told otherwise. */
export const defaultServiceUrl = 'http://127.0.0.1:8470';

/** Checks the value of `--url`. */
export function serviceUrlOption(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError(`expected an address such as ${defaultServiceUrl}`);
}
