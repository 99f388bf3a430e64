export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface DatabaseAddress {
  readonly origin: string;
  readonly id: string;
  readonly user: Login;
  readonly admin: Login;
}

/** What the engine answered; `error` is the server's or the statement's. */
export interface Answer {
  readonly status: number;
  readonly error: string | undefined;
  readonly rows: unknown[][];
}

/** A real InfluxDB as a client sees it, spoken to by a few lines of our own and none of the operator's. */
export class Database {
  readonly address: DatabaseAddress;

  constructor(address: DatabaseAddress) {
    this.address = address;
  }

  async asUser(statement: string): Promise<Answer> {
    return query(this.address.origin, statement, this.address.user, this.address.id);
  }

  async asAdmin(statement: string): Promise<Answer> {
    return query(this.address.origin, statement, this.address.admin, this.address.id);
  }

  /** Writes lines of line protocol as the application's user; throws when they are not taken. */
  async write(lines: string[]): Promise<void> {
    const { origin, id, user } = this.address;
    const response = await fetch(`${origin}/write?db=${id}&precision=s`, {
      method: 'POST',
      headers: { authorization: basic(user) },
      body: lines.join('\n'),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (response.status !== 204) throw new Error(`write: ${response.status} ${text}`);
  }

  /** Writes `count` points into a measurement. */
  async fill(measurement: string, count: number): Promise<void> {
    await this.write(Array.from({ length: count }, (_, n) => `${measurement} n=${n}i ${1_700_000_000 + n}`));
  }

  /** How many points a measurement holds, as the application's user sees it; throws when the user may not ask. */
  async count(measurement: string): Promise<number> {
    const { error, rows, status } = await this.asUser(`SELECT COUNT(n) FROM ${measurement}`);
    if (error !== undefined) throw new Error(`${status} ${error}`);
    return Number(rows[0]?.[1] ?? 0);
  }
}

/** One statement over HTTP. Never throws for what the server says, only when there is no answer. */
export async function query(
  origin: string,
  statement: string,
  login?: Login,
  database = '',
  timeoutMs = 10_000,
): Promise<Answer> {
  const response = await fetch(`${origin}/query?db=${database}&q=${encodeURIComponent(statement)}`, {
    method: 'POST',
    headers: login === undefined ? {} : { authorization: basic(login) },
    signal: AbortSignal.timeout(timeoutMs),
  });
  const { error, results = [] } = (await response.json()) as {
    error?: string;
    results?: { error?: string; series?: { values?: unknown[][] }[] }[];
  };
  const first = results[0];
  return {
    status: response.status,
    error: error ?? first?.error,
    rows: (first?.series ?? []).flatMap(({ values = [] }) => values),
  };
}

function basic({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
