import { createHmac } from 'node:crypto';

/**
 * The value of `X-Vedette-Signature`: HMAC-SHA256 over `<timestamp>.<body>`. The receiver computes the same over the
 * bytes it got, compares in constant time, and refuses a timestamp that is too old.
 *
 * @param timestamp of `X-Vedette-Timestamp`, seconds since 1970
 * @param body the bytes that are sent
 */
export function signWebhook(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`, 'utf8').digest('hex')}`;
}
