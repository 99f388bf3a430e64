import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, type Recipient } from 'age-encryption';
import { JobError } from './job/job-error.ts';

/*
 * The age format (age-encryption.org/v1). Keys and recipients are the library's; the payload, which is as large as a
 * database, goes through Node's own ChaCha20-Poly1305: ten times as fast as the library's in JavaScript.
 */

const CHUNK = 64 * 1024;
const TAG = 16;
const NONCE = 16;
const CIPHER = 'chacha20-poly1305';
/** The last line of a header: the authentication code, 32 bytes in base64 without padding. */
const LAST_LINE = /^--- [A-Za-z0-9+/]{43}$/;
const MAX_HEADER = 1024 * 1024;

/** @throws JobError InvalidJob for a recipient that is none */
export async function* encrypt(
  plain: AsyncIterable<Uint8Array>,
  recipients: readonly string[],
): AsyncGenerator<Buffer> {
  const { header, fileKey } = await newHeader(recipients);
  const nonce = randomBytes(NONCE);
  yield Buffer.concat([header, nonce]);
  const key = payloadKey(fileKey, nonce);
  let counter = 0;
  // The last chunk is sealed as such, and is full or empty only when there is no other.
  for await (const { chunk, last } of chunks(plain, CHUNK)) {
    const cipher = createCipheriv(CIPHER, key, chunkNonce(counter, last), { authTagLength: TAG });
    const sealed = cipher.update(chunk);
    cipher.final();
    yield Buffer.concat([sealed, cipher.getAuthTag()]);
    counter += 1;
  }
}

/**
 * @param identities secret keys, one a line, as age-keygen writes them
 * @throws JobError IdentityWrong when it is encrypted for somebody else, BackupCorrupt when it is no longer what was encrypted
 */
export async function* decrypt(
  sealed: AsyncIterable<Uint8Array>,
  identities: string,
): AsyncGenerator<Buffer> {
  const { header, rest } = await readHeader(sealed);
  const key = payloadKey(await unwrap(header, identities), await rest.take(NONCE));
  let counter = 0;
  for await (const { chunk, last } of chunks(rest.remaining(), CHUNK + TAG)) {
    if (chunk.length < TAG) throw corrupt('it ends in the middle');
    const decipher = createDecipheriv(CIPHER, key, chunkNonce(counter, last), { authTagLength: TAG });
    decipher.setAuthTag(chunk.subarray(chunk.length - TAG));
    const plain = decipher.update(chunk.subarray(0, chunk.length - TAG));
    try {
      decipher.final();
    } catch (error) {
      throw corrupt('what was encrypted has been changed or cut short', error);
    }
    yield plain;
    counter += 1;
  }
}

/** The library makes the header of an empty file; a recipient that adds nothing to it learns the key. */
async function newHeader(recipients: readonly string[]): Promise<{ header: Buffer; fileKey: Uint8Array }> {
  let fileKey: Uint8Array | undefined;
  const listener: Recipient = {
    wrapFileKey: (key) => {
      fileKey = Uint8Array.from(key);
      return [];
    },
  };
  const encrypter = new Encrypter();
  try {
    for (const recipient of recipients) encrypter.addRecipient(recipient);
    encrypter.addRecipient(listener);
    const empty = Buffer.from(await encrypter.encrypt(new Uint8Array()));
    if (fileKey !== undefined) return { header: empty.subarray(0, headerLength(empty) ?? 0), fileKey };
  } catch (error) {
    throw new JobError('InvalidJob', 'spec.encryption.recipients holds something that is no age recipient.', {
      cause: error,
    });
  }
  throw new JobError('Internal', 'The encryption library gave no key.');
}

async function unwrap(header: Buffer, identities: string): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  const lines = identities.split('\n').map((line) => line.trim());
  try {
    for (const line of lines) if (line !== '' && !line.startsWith('#')) decrypter.addIdentity(line);
  } catch (error) {
    throw new JobError('IdentityWrong', 'The identity is no secret key of age (AGE-SECRET-KEY-1...).', {
      cause: error,
    });
  }
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    if (error instanceof Error && /no identity/.test(error.message))
      throw new JobError('IdentityWrong', 'The backup is encrypted for another identity.', { cause: error });
    throw corrupt('its header does not hold', error);
  }
}

/** Offset of the first byte behind the header, or undefined when its end is not there yet. */
function headerLength(head: Buffer): number | undefined {
  let start = 0;
  for (;;) {
    const end = head.indexOf(0x0a, start);
    if (end < 0) return undefined;
    if (LAST_LINE.test(head.toString('latin1', start, end))) return end + 1;
    start = end + 1;
  }
}

async function readHeader(sealed: AsyncIterable<Uint8Array>): Promise<{ header: Buffer; rest: Rest }> {
  const iterator = sealed[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  for (;;) {
    const length = headerLength(head);
    if (length !== undefined)
      return { header: head.subarray(0, length), rest: new Rest(head.subarray(length), iterator) };
    const { done, value } = await iterator.next();
    if (done === true || head.length > MAX_HEADER) throw corrupt('it is no file of age');
    head = Buffer.concat([head, value]);
  }
}

/** What comes behind the header. */
class Rest {
  #first: Buffer;
  readonly #iterator: AsyncIterator<Uint8Array>;

  constructor(first: Buffer, iterator: AsyncIterator<Uint8Array>) {
    this.#first = first;
    this.#iterator = iterator;
  }

  async take(count: number): Promise<Buffer> {
    while (this.#first.length < count) {
      const { done, value } = await this.#iterator.next();
      if (done === true) throw corrupt('it ends in the middle');
      this.#first = Buffer.concat([this.#first, value]);
    }
    const taken = this.#first.subarray(0, count);
    this.#first = this.#first.subarray(count);
    return taken;
  }

  async *remaining(): AsyncGenerator<Uint8Array> {
    if (this.#first.length > 0) yield this.#first;
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done === true) return;
      yield value;
    }
  }
}

/** Chunks of one size; the last one, which may be shorter and of an empty input is empty, is known as such. */
async function* chunks(
  input: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ chunk: Buffer; last: boolean }> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of input) {
    parts.push(part);
    length += part.length;
    if (length <= size) continue;
    // More than a chunk is there, so what is given now is not the last one.
    let all =
      parts.length === 1 ? Buffer.from(part.buffer, part.byteOffset, part.length) : Buffer.concat(parts);
    while (all.length > size) {
      yield { chunk: all.subarray(0, size), last: false };
      all = all.subarray(size);
    }
    parts = [all];
    length = all.length;
  }
  yield { chunk: Buffer.concat(parts), last: true };
}

function payloadKey(fileKey: Uint8Array, nonce: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** Eleven bytes of counter, big-endian, and one that marks the last chunk. */
function chunkNonce(counter: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(counter, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function corrupt(why: string, cause?: unknown): JobError {
  return new JobError('BackupCorrupt', `The backup cannot be decrypted: ${why}.`, { cause });
}
