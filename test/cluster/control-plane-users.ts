import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface User {
  name: string;
  groups: string[];
  token: string;
}

/**
 * The bed's users, known to the API server by static tokens. The file is read when the API server starts, so a
 * user added later needs a restart.
 */
export class Users {
  readonly file: string;
  readonly #users = new Map<string, User>();

  constructor(dir: string) {
    this.file = join(dir, 'tokens.csv');
  }

  /** The user, and whether the API server has to be restarted to know it. */
  add(name: string, groups: string[] = []): { user: User; added: boolean } {
    const known = this.#users.get(name);
    if (known !== undefined && String(known.groups) === String(groups)) return { user: known, added: false };
    const user = { name, groups, token: randomBytes(24).toString('base64url') };
    this.#users.set(name, user);
    return { user, added: true };
  }

  async write(): Promise<void> {
    const lines = [...this.#users.values()].map(
      ({ name, groups, token }) => `${token},${name},${name},"${groups.join(',')}"\n`,
    );
    await writeFile(this.file, lines.join(''), { mode: 0o600 });
  }
}
