import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from './errors.ts';
import type { SecretKeyring } from './secret-keys.ts';

const algorithm = 'aes-256-gcm';
/** Random for each seal; NIST SP 800-38D allows 2^32 seals with one key then. */
const ivBytes = 12;
const tagBytes = 16;
// sealed:<version>:<id of the key>:<base64url of iv, tag and ciphertext>
const sealedPattern = /^sealed:1:([0-9a-f]{8}):([A-Za-z0-9_-]+)$/;

/** Keeps texts secret at rest: AES-256-GCM, with the version, the key and the context bound to what is sealed. */
export interface SecretBox {
  /** @param context where the secret belongs, e.g. `camera:<id>:password`; it opens nowhere else */
  seal(plain: string, context: string): string;
  /** @throws AppError `SECRET_UNREADABLE` when its key is missing, it was changed, or the context is another */
  open(sealed: string, context: string): string;
  /** Whether the key that seals now has sealed this. */
  isCurrent(sealed: string): boolean;
}

export function createSecretBox(keyring: SecretKeyring): SecretBox {
  return {
    seal: (plain, context) => {
      const key = keyring.current();
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv(algorithm, key.bytes, iv, { authTagLength: tagBytes });
      cipher.setAAD(boundTo(key.id, context));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      const content = Buffer.concat([iv, cipher.getAuthTag(), text]);
      return `sealed:1:${key.id}:${content.toString('base64url')}`;
    },
    open: (sealed, context) => {
      const [, keyId = '', encoded = ''] = sealedPattern.exec(sealed) ?? [];
      const key = keyring.find(keyId);
      const content = Buffer.from(encoded, 'base64url');
      if (keyId === '' || content.byteLength < ivBytes + tagBytes) {
        throw unreadable('it is not in the form in which secrets are stored');
      }
      if (key === undefined) throw unreadable(`it was sealed with the key ${keyId}, which is not there`);
      const iv = content.subarray(0, ivBytes);
      const decipher = createDecipheriv(algorithm, key.bytes, iv, { authTagLength: tagBytes });
      decipher.setAAD(boundTo(keyId, context));
      decipher.setAuthTag(content.subarray(ivBytes, ivBytes + tagBytes));
      try {
        const text = [decipher.update(content.subarray(ivBytes + tagBytes)), decipher.final()];
        return Buffer.concat(text).toString('utf8');
      } catch (error) {
        throw unreadable('it was changed, or belongs to something else', error);
      }
    },
    isCurrent: (sealed) => {
      const keyId = sealedPattern.exec(sealed)?.[1];
      return keyId !== undefined && keyId === keyring.currentId;
    },
  };
}

function boundTo(keyId: string, context: string): Buffer {
  return Buffer.from(`1\n${keyId}\n${context}`, 'utf8');
}

function unreadable(reason: string, cause?: unknown): AppError {
  return new AppError(
    'SECRET_UNREADABLE',
    `A stored secret can't be read: ${reason}. Put the former key back (see VEDETTE_SECRET_KEY and the key file), ` +
      'or enter the secret again.',
    cause === undefined ? {} : { cause },
  );
}
