import { v7 as uuidv7 } from 'uuid';

/** UUIDv7: unique, and in the order of creation when sorted as text (RFC 9562). */
export function createId(): string {
  return uuidv7();
}
