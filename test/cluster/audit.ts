import { open } from 'node:fs/promises';

/** One finished request (a watch: one that began), from the API server's audit log. */
export interface AuditEntry {
  user: string;
  userAgent: string;
  verb: string;
  resource: string;
  subresource?: string;
  apiGroup?: string;
  namespace?: string;
  name?: string;
  /** Path and query for requests that are about no object. */
  uri: string;
  code: number;
  /** Who asked has the right, whatever a policy, a quota or the server itself said then. */
  authorized?: true;
  /** Nothing was stored: the server was only asked. */
  dryRun?: true;
  /** When the request arrived; ms since epoch, UTC. */
  time: number;
}

export interface AuditFilter {
  user?: string;
  /** Requests that arrived at this time or later; ms since epoch, UTC. */
  since?: number;
}

/** Requests of one user. Events, Leases and dry runs are in neither `reads` nor `writes`. */
export interface AuditCounts {
  reads: number;
  writes: number;
  events: number;
  leases: number;
  dryRuns: number;
  /** By `verb resource` or `verb resource/subresource`, everything included. */
  by: Record<string, number>;
}

/** Metadata of each request once, when it is answered. The bed's own components would be most of the log. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Metadata', users: ['bed'], nonResourceURLs: ['/version'] },
    { level: 'None', users: ['bed'] },
    { level: 'None', userGroups: ['system:nodes', 'bed:components'] },
    { level: 'None', users: ['system:apiserver', 'system:anonymous'] },
    { level: 'Metadata' },
  ],
};

const readVerbs = new Set(['get', 'list', 'watch']);

export function countAudit(entries: AuditEntry[]): AuditCounts {
  const counts: AuditCounts = { reads: 0, writes: 0, events: 0, leases: 0, dryRuns: 0, by: {} };
  for (const entry of entries) {
    const resource = entry.subresource ? `${entry.resource}/${entry.subresource}` : entry.resource;
    const key = `${entry.verb} ${resource || entry.uri}`;
    counts.by[key] = (counts.by[key] ?? 0) + 1;
    if (entry.dryRun) counts.dryRuns += 1;
    else if (entry.resource === 'events') counts.events += 1;
    else if (entry.resource === 'leases') counts.leases += 1;
    else if (readVerbs.has(entry.verb)) counts.reads += 1;
    else counts.writes += 1;
  }
  return counts;
}

/** Follows an audit log; every call of `read` goes on where the last one ended. */
export class AuditLog {
  readonly #path: string;
  readonly #entries: AuditEntry[] = [];
  readonly #seen = new Set<string>();
  #offset = 0;
  #rest = '';
  #reading: Promise<readonly AuditEntry[]> = Promise.resolve([]);

  constructor(path: string) {
    this.#path = path;
  }

  /** One at a time: a second reader begins where the first has ended. */
  read(): Promise<readonly AuditEntry[]> {
    this.#reading = this.#reading.then(
      () => this.#readOn(),
      () => this.#readOn(),
    );
    return this.#reading;
  }

  async #readOn(): Promise<readonly AuditEntry[]> {
    await using file = await open(this.#path, 'r');
    const { size } = await file.stat();
    const chunk = Buffer.alloc(size - this.#offset);
    const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#offset);
    this.#offset += bytesRead;
    // latin1 keeps a character that was cut in two by the end of the file; it is decoded line by line.
    const lines = (this.#rest + chunk.toString('latin1', 0, bytesRead)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') continue;
      const event = JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as AuditEvent;
      // A watch is logged when it begins and when it ends, maybe an hour later; a refused one only when it ends.
      if (this.#seen.delete(event.auditID)) continue;
      if (event.stage === 'ResponseStarted') this.#seen.add(event.auditID);
      this.#entries.push(entryOf(event));
    }
    return this.#entries;
  }
}

interface AuditEvent {
  auditID: string;
  stage: string;
  verb: string;
  requestURI: string;
  user: { username: string };
  impersonatedUser?: { username: string };
  userAgent?: string;
  objectRef?: {
    resource?: string;
    subresource?: string;
    apiGroup?: string;
    namespace?: string;
    name?: string;
  };
  responseStatus?: { code?: number };
  annotations?: Record<string, string>;
  requestReceivedTimestamp: string;
}

function entryOf(event: AuditEvent): AuditEntry {
  const { resource = '', ...object } = event.objectRef ?? {};
  return {
    user: event.impersonatedUser?.username ?? event.user.username,
    userAgent: event.userAgent ?? '',
    verb: event.verb,
    resource,
    ...(object.subresource && { subresource: object.subresource }),
    ...(object.apiGroup && { apiGroup: object.apiGroup }),
    ...(object.namespace && { namespace: object.namespace }),
    ...(object.name && { name: object.name }),
    uri: event.requestURI,
    ...(/[?&]dryRun=/.test(event.requestURI) && { dryRun: true as const }),
    code: event.responseStatus?.code ?? 0,
    ...(event.annotations?.['authorization.k8s.io/decision'] === 'allow' && { authorized: true as const }),
    time: Date.parse(event.requestReceivedTimestamp),
  };
}
