import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import { decrypt, encrypt } from './age.ts';

const identity = await generateIdentity();
const recipient = await identityToRecipient(identity);

async function* pieces(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return Buffer.concat(found);
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    (error: { reason?: string }) => error.reason ?? 'another error',
  );
}

describe('encryption', () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])(
    'of %i bytes is what the library decrypts, and the other way round',
    async (size) => {
      const data = Buffer.alloc(size, 'x');
      const sealed = await all(encrypt(pieces(data, 30_000), [recipient]));
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      expect(Buffer.from(await decrypter.decrypt(sealed)).equals(data)).toBe(true);

      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      const theirs = await encrypter.encrypt(data);
      expect((await all(decrypt(pieces(theirs, 999), `# made today\n${identity}\n`))).equals(data)).toBe(
        true,
      );
    },
  );

  it('for another identity is IdentityWrong, and an identity that is none too', async () => {
    const sealed = await all(encrypt(pieces(Buffer.from('secret'), 10), [recipient]));
    expect(await reasonOf(all(decrypt(pieces(sealed, 100), await generateIdentity())))).toBe('IdentityWrong');
    expect(await reasonOf(all(decrypt(pieces(sealed, 100), 'not a key')))).toBe('IdentityWrong');
  });

  it('that was changed or cut short anywhere is BackupCorrupt', async () => {
    const sealed = await all(encrypt(pieces(Buffer.alloc(150_000, 1), 50_000), [recipient]));
    for (const at of [40, 260, 70_000, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(['BackupCorrupt', 'IdentityWrong']).toContain(
        await reasonOf(all(decrypt(pieces(changed, 4096), identity))),
      );
    }
    for (const length of [10, 220, 65_800, sealed.length - 1])
      expect(await reasonOf(all(decrypt(pieces(sealed.subarray(0, length), 4096), identity)))).toBe(
        'BackupCorrupt',
      );
    // A whole chunk less: each that is left is good in itself.
    const chunk = 64 * 1024 + 16;
    const header = sealed.length - 2 * chunk - (150_000 - 2 * 65_536 + 16);
    expect(await reasonOf(all(decrypt(pieces(sealed.subarray(0, header + 2 * chunk), 4096), identity)))).toBe(
      'BackupCorrupt',
    );
  });

  it('for a recipient that is none is InvalidJob', async () => {
    expect(await reasonOf(all(encrypt(pieces(Buffer.from('x'), 1), ['age1nonsense'])))).toBe('InvalidJob');
  });
});
