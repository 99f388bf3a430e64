import { isDeepStrictEqual } from 'node:util';
import { ModelApi, Refused, type Stored } from '../../../src/addon/testing/model/model-api.ts';
import { InfluxAddon } from '../../../src/api/kinds.ts';
import { ApiError } from '../../../src/kube/api/api-error.ts';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { Namespace } from '../../../src/kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../../src/kube/objects/types.ts';
import { randomFrom } from '../operations/random.ts';

const NAMES = ['a', 'b'];
const FINALIZER = 'example.com/hold';

/** One request, drawn from a seed; what it says of uid and version is filled in from what each side has. */
interface Request {
  readonly verb: 'create' | 'plan' | 'hold' | 'release' | 'replace' | 'status' | 'delete';
  readonly name: string;
  readonly uid: 'Right' | 'Wrong';
  readonly version: 'Right' | 'Old' | 'None';
  readonly draw: number;
}

/** What can be seen of an answer on both sides. */
interface Seen {
  readonly refused: boolean;
  readonly object: object | undefined;
}

/**
 * Sends random sequences of requests to the API server of the simulation and to a real one. Returns where they differ,
 * as sentences, and how many requests there were.
 */
export async function checkModel(
  client: KubeClient,
  options: { readonly sequences: number; readonly length: number; readonly seed: number },
): Promise<{ differences: string[]; requests: number }> {
  const differences: string[] = [];
  let requests = 0;
  for (let n = 0; n < options.sequences; n += 1) {
    const seed = options.seed + n;
    const random = randomFrom(seed);
    const namespace = `model-${seed}`;
    await client.create(Namespace, { metadata: { name: namespace } });
    const real = realSide(client, namespace);
    const model = modelSide();
    for (let step = 0; step < options.length; step += 1) {
      const request = draw(random);
      const [of, by] = [await real(request), await model(request)];
      requests += 1;
      if (isDeepStrictEqual(of, by)) continue;
      const sides = `the API server gives ${JSON.stringify(of)}, the model ${JSON.stringify(by)}`;
      differences.push(`seed ${seed}, step ${step}, ${JSON.stringify(request)}: ${sides}`);
      break;
    }
  }
  return { differences, requests };
}

function draw(random: () => number): Request {
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return {
    verb: one(['create', 'create', 'plan', 'plan', 'hold', 'release', 'replace', 'status', 'delete']),
    name: one(NAMES),
    uid: one(['Right', 'Right', 'Right', 'Wrong']),
    version: one(['Right', 'Right', 'None', 'Old']),
    draw: Math.floor(random() * 3),
  };
}

/** One side of the comparison: what it has, and what it does with the requests. */
interface Side {
  get(name: string): Promise<Live<KubeObject> | undefined>;
  create(object: KubeObject): Promise<unknown>;
  patch(name: string, body: object): Promise<unknown>;
  replace(object: KubeObject): Promise<unknown>;
  status(name: string, status: object, of: { uid: string; resourceVersion: string }): Promise<unknown>;
  delete(name: string, of: { uid?: string; resourceVersion?: string }): Promise<unknown>;
}

function realSide(client: KubeClient, namespace: string): (request: Request) => Promise<Seen> {
  return against({
    get: async (name) => await client.get(InfluxAddon, { namespace, name }),
    create: async (object) =>
      await client.create(InfluxAddon, {
        ...object,
        metadata: { ...object.metadata, namespace },
      } as InfluxAddon),
    patch: async (name, body) =>
      await client.patch(InfluxAddon, { namespace, name }, body, { type: 'merge' }),
    replace: async (object) =>
      await client.replace(InfluxAddon, {
        ...object,
        metadata: { ...object.metadata, namespace },
      } as InfluxAddon),
    status: async (name, status, of) =>
      await client.apply(
        InfluxAddon,
        { metadata: { namespace, name, ...of }, status } as unknown as InfluxAddon,
        {
          subresource: 'status',
          force: true,
        },
      ),
    delete: async (name, of) => await client.delete(InfluxAddon, { namespace, name }, of),
  });
}

function modelSide(): (request: Request) => Promise<Seen> {
  const api = new ModelApi();
  const kind = 'InfluxAddon';
  return against({
    get: async (name) => api.get(kind, name),
    create: async (object) => api.create(kind, object),
    patch: async (name, body) => api.patch(kind, name, 'merge', body),
    replace: async (object) => api.replace(kind, object),
    status: async (name, status, of) => api.setStatus(kind, name, status, of),
    delete: async (name, of) => api.remove(kind, name, of),
  });
}

function against(side: Side): (request: Request) => Promise<Seen> {
  /** By name: the versions that objects had, so that one can be old. */
  const versions = new Map<string, string[]>();
  return async (request) => {
    const { name } = request;
    const before = await side.get(name);
    const known = versions.get(name) ?? [];
    const refused = await send(side, request, before, known).then(
      () => false,
      (reason: unknown) => {
        if (reason instanceof Refused) return true;
        const { code } = ApiError.from(reason);
        if ([404, 409, 422].includes(code)) return true;
        throw reason;
      },
    );
    const after = await side.get(name);
    if (after !== undefined) versions.set(name, [...known, after.metadata.resourceVersion]);
    return { refused, object: after && visible(after) };
  };
}

async function send(
  side: Side,
  { verb, name, uid: which, version, draw: drawn }: Request,
  before: Live<KubeObject> | undefined,
  known: readonly string[],
): Promise<unknown> {
  const wrong = '00000000-0000-4000-8000-000000000000';
  const uid = which === 'Right' && before !== undefined ? before.metadata.uid : wrong;
  const right = before?.metadata.resourceVersion ?? '1';
  const old = known.length === 0 ? right : '1';
  const resourceVersion = version === 'Old' ? old : right;
  const of = { uid, ...(version === 'None' ? {} : { resourceVersion }) };
  const plan = ['512m', '1g', '2g'][drawn] ?? '512m';
  switch (verb) {
    case 'create':
      return await side.create({ metadata: { name }, spec: { plan } } as KubeObject);
    case 'plan':
      return await side.patch(name, { metadata: of, spec: { plan } });
    case 'hold':
      return await side.patch(name, { metadata: { ...of, finalizers: [FINALIZER] } });
    case 'release':
      return await side.patch(name, { metadata: { ...of, finalizers: null } });
    case 'replace': {
      const { metadata, ...rest } = before ?? { metadata: { name } };
      return await side.replace({
        ...rest,
        metadata: { ...metadata, uid, resourceVersion },
        spec: { plan },
      } as Stored);
    }
    case 'status':
      return await side.status(name, { observedGeneration: drawn, conditions: [] }, { uid, resourceVersion });
    case 'delete':
      return await side.delete(name, of);
  }
}

function visible({ metadata, ...object }: Live<KubeObject>): object {
  const { spec, status } = object as { spec?: object; status?: { observedGeneration?: number } };
  return {
    generation: metadata.generation,
    finalizers: metadata.finalizers ?? [],
    deleting: metadata.deletionTimestamp !== undefined,
    spec,
    // The API server fills in the default of the schema.
    observed: status?.observedGeneration ?? -1,
  };
}
