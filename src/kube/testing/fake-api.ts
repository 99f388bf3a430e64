import { given } from '../objects/given.ts';
import { asItem, pathKey, notFound, json, canonical, selected, dryRun } from './fake-answers.ts';
import { randomUUID } from 'node:crypto';
import type { ApiRequest } from '../api/transport.ts';
import { ok, refuse, status, type FakeAnswer } from './fake-answer.ts';
import { targetOf, type Target } from './fake-path.ts';
import type { Change, Stored } from './fake-watch.ts';
import { FakeWatch, seenBy } from './fake-watch.ts';
import type { Json, JsonObject } from './patching.ts';
import { applyPatch, mergePatch, strategicPatch } from './patching.ts';

/**
 * The API server's rules for objects, in memory: one revision for all, uids, generations, finalizers,
 * preconditions, paged consistent lists, watches that replay, and a history that can be forgotten. It knows no
 * schema, no defaults, no admission, no owners of fields and no garbage collection.
 */
export class FakeApi {
  #revision = 100;
  #compacted = 0;
  readonly #collections = new Map<string, Map<string, Stored>>();
  readonly #history: Change[] = [];
  readonly #watches = new Set<FakeWatch>();
  readonly #snapshots = new Map<string, { items: Stored[]; revision: number }>();
  readonly #applied = new Map<string, Json>();
  /** Every request that was carried out, in order. */
  readonly requests: { method: string; path: string }[] = [];

  /** The latest resourceVersion. */
  get version(): string {
    return String(this.#revision);
  }

  handle(request: ApiRequest): FakeAnswer {
    this.requests.push({ method: request.method, path: request.path });
    const target = targetOf(request.path);
    if (request.query?.['dryRun']) return dryRun(request, target, (named) => this.#find(named));
    switch (request.method) {
      case 'GET':
        return target.name === undefined ? this.#list(target, request.query ?? {}) : this.#get(target);
      case 'POST':
        return this.#create(target, request.body as Stored);
      case 'PUT':
        return this.#replace(target, request.body as Stored);
      case 'PATCH':
        return this.#patch(target, request);
      case 'DELETE':
        return this.#delete(target, request.body);
    }
  }

  /** Events after `query.resourceVersion`; an ERROR event with 410 when they are forgotten. */
  watch(request: ApiRequest): FakeWatch {
    this.requests.push({ method: 'WATCH', path: request.path });
    const { collection, namespace } = targetOf(request.path);
    const query = request.query ?? {};
    const watch = new FakeWatch(
      (change) => {
        const isHere = namespace === undefined || change.object.metadata.namespace === namespace;
        return change.collection === collection && isHere ? seenBy(query, change) : undefined;
      },
      () => this.#watches.delete(watch),
    );
    const from = Number(query['resourceVersion'] ?? this.#revision);
    if (from < this.#compacted) {
      watch.push({ type: 'ERROR', object: status(410, 'Expired', 'too old resource version') });
      watch.end();
      return watch;
    }
    for (const change of this.#history) if (change.revision > from) watch.offer(change);
    this.#watches.add(watch);
    return watch;
  }

  /** Sends every open watch a bookmark. */
  bookmark(): void {
    for (const watch of this.#watches)
      watch.push({ type: 'BOOKMARK', object: { metadata: { resourceVersion: this.version } } });
  }

  /** Forgets the history: older watches and page tokens are answered with 410. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#history.length = 0;
    this.#snapshots.clear();
  }

  /** Ends every open watch, as the server does at its time limit. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  /** Sends every open watch an ERROR event, and ends it. */
  failWatches(code: number, reason: string): void {
    for (const watch of this.#watches) {
      watch.push({ type: 'ERROR', object: status(code, reason, 'failed by the test') });
      watch.end();
    }
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** All objects of a kind, for assertions. `collection`: `v1/configmaps`, `apps/v1/statefulsets`. */
  objects(collection: string): Stored[] {
    return [...(this.#collections.get(collection)?.values() ?? [])];
  }

  #get(target: Target): FakeAnswer {
    const found = this.#find(target);
    return found ? ok(found) : notFound(target);
  }

  #list(target: Target, query: Record<string, string>): FakeAnswer {
    const limit = Number(query['limit'] ?? 0);
    const [token, offset] = (query['continue'] ?? '').split(':');
    let snapshot = token ? this.#snapshots.get(token) : undefined;
    if (token && !snapshot) return refuse(410, 'Expired', 'the continue token is too old');
    snapshot ??= {
      items: selected(this.objects(target.collection), target, query),
      revision: this.#revision,
    };
    const start = Number(offset ?? 0);
    const end = limit > 0 ? start + limit : snapshot.items.length;
    const metadata: JsonObject = { resourceVersion: String(snapshot.revision) };
    if (end < snapshot.items.length) {
      const next = token || randomUUID();
      this.#snapshots.set(next, snapshot);
      metadata['continue'] = `${next}:${end}`;
    }
    return ok({
      kind: 'List',
      apiVersion: 'v1',
      metadata,
      items: snapshot.items.slice(start, end).map(asItem),
    });
  }

  #create(target: Target, body: Stored): FakeAnswer {
    const name = body.metadata.name;
    if (!name) return refuse(422, 'Invalid', 'metadata.name: Required value');
    if (this.#find({ ...target, name })) return refuse(409, 'AlreadyExists', `${name} already exists`);
    if (body.metadata.resourceVersion)
      return refuse(400, 'BadRequest', 'resourceVersion should not be set on objects to be created');
    const { status: _, ...rest } = body;
    const metadata = {
      ...body.metadata,
      ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
      uid: randomUUID(),
      generation: 1,
      creationTimestamp: new Date(0).toISOString(),
    };
    return { code: 201, body: this.#commit(target, 'ADDED', { ...rest, metadata } as Stored) };
  }

  #replace(target: Target, body: Stored): FakeAnswer {
    const present = this.#find(target);
    if (!present) return notFound(target);
    return this.#update(target, present, body);
  }

  #patch(target: Target, request: ApiRequest): FakeAnswer {
    const present = this.#find(target);
    const body = request.body as Stored;
    const apply = request.contentType === 'application/apply-patch+yaml';
    if (!present) {
      if (!apply) return notFound(target);
      if (body.metadata.uid)
        return refuse(409, 'Conflict', 'the uid in the precondition does not match: no object');
    }
    if (!apply) {
      const patch =
        request.contentType === 'application/strategic-merge-patch+json' ? strategicPatch : mergePatch;
      return this.#update(target, present as Stored, patch(json(present), json(body)) as unknown as Stored);
    }
    const owner = `${request.path} ${request.query?.['fieldManager']} ${present?.metadata.uid}`;
    const before = this.#applied.get(owner) ?? null;
    const answer = present
      ? this.#update(target, present, applyPatch(json(present), before, json(body)) as unknown as Stored)
      : this.#create(target, body);
    const { uid } = (answer.body as Stored).metadata ?? {};
    if (answer.code < 300)
      this.#applied.set(`${request.path} ${request.query?.['fieldManager']} ${uid}`, json(body));
    return answer;
  }

  #update(target: Target, present: Stored, body: Stored): FakeAnswer {
    const { uid, resourceVersion } = body.metadata;
    if (uid && uid !== present.metadata.uid) return refuse(409, 'Conflict', 'Precondition failed: UID');
    if (resourceVersion && resourceVersion !== present.metadata.resourceVersion)
      return refuse(409, 'Conflict', 'the object has been modified');
    const { uid: liveUid, creationTimestamp, deletionTimestamp, generation } = present.metadata;
    const fixed = { uid: liveUid, creationTimestamp, deletionTimestamp, generation };
    const merged =
      target.subresource === 'status'
        ? { ...present, status: body['status'] }
        : { ...body, status: present['status'], metadata: { ...body.metadata, ...fixed } };
    const next = JSON.parse(JSON.stringify(merged)) as Stored;
    const rest = (object: Stored): string =>
      canonical({ ...object, metadata: { ...object.metadata, resourceVersion: '' } });
    if (rest(next) === rest(present)) return ok(present);
    if (canonical(next['spec']) !== canonical(present['spec']))
      next.metadata = { ...next.metadata, generation: (generation ?? 0) + 1 };
    // A deletion that waited for finalizers is carried out with the last of them.
    const ends = next.metadata.deletionTimestamp !== undefined && !next.metadata.finalizers?.length;
    if (!ends) return ok(this.#commit(target, 'MODIFIED', next));
    // As the real one: the answer shows the object as it was asked for, with the resourceVersion of before.
    this.#commit(target, 'DELETED', next);
    return ok({ ...next, metadata: { ...next.metadata, resourceVersion: present.metadata.resourceVersion } });
  }

  #delete(target: Target, body: unknown): FakeAnswer {
    const present = this.#find(target);
    if (!present) return notFound(target);
    const wanted = (body as { preconditions?: { uid?: string; resourceVersion?: string } } | undefined)
      ?.preconditions;
    if (wanted?.uid && wanted.uid !== present.metadata.uid)
      return refuse(409, 'Conflict', 'UID in precondition');
    if (wanted?.resourceVersion && wanted.resourceVersion !== present.metadata.resourceVersion)
      return refuse(409, 'Conflict', 'ResourceVersion in precondition');
    if (present.metadata.finalizers?.length) {
      if (present.metadata.deletionTimestamp) return ok(present);
      const metadata = { ...present.metadata, deletionTimestamp: new Date(0).toISOString() };
      return ok(this.#commit(target, 'MODIFIED', { ...present, metadata }));
    }
    this.#commit(target, 'DELETED', present);
    return ok({ kind: 'Status', apiVersion: 'v1', status: 'Success' });
  }

  #find(target: Target): Stored | undefined {
    return this.#collections.get(target.collection)?.get(`${target.namespace ?? ''}/${target.name}`);
  }

  #commit(target: Target, type: Change['type'], object: Stored): Stored {
    const revision = ++this.#revision;
    const metadata = { ...object.metadata, resourceVersion: String(revision) };
    const stored = structuredClone({ ...object, metadata });
    const collection = this.#collections.get(target.collection) ?? new Map<string, Stored>();
    this.#collections.set(target.collection, collection);
    const key = pathKey(stored);
    const before = collection.get(key);
    if (type === 'DELETED') collection.delete(key);
    else collection.set(key, stored);
    const { collection: name } = target;
    const change: Change = { revision, collection: name, type, object: stored, ...given({ before }) };
    this.#history.push(change);
    for (const watch of this.#watches) watch.offer(change);
    return structuredClone(stored);
  }
}
