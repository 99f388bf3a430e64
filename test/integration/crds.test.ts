import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plans, versions } from '../../src/api/catalogue.ts';
import { crdOf } from '../../src/api/crd/crd.ts';
import { API_VERSION } from '../../src/api/group.ts';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { customKinds } from '../../src/api/kinds.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { type Access, readKubeconfig } from '../cluster/kubeconfig.ts';
import { eventually } from './children.ts';
import { invalidSpecs, validSpecs, wholeStatus } from './addon-specs.ts';

/** What the API server answered: its Warning headers too, which a user sees in kubectl. */
interface Answer {
  status: number;
  warnings: string[];
  /** Of the Status object, when it is one. */
  message: string;
  object: Record<string, unknown> & { metadata: { resourceVersion: string } };
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ADDONS = `/apis/${API_VERSION}/namespaces/default/influxaddons`;
const PLANS = `/apis/${API_VERSION}/influxplans`;
const VERSIONS = `/apis/${API_VERSION}/influxversions`;

let plane: ControlPlane;
let access: Access;
let dispatcher: Agent;

beforeAll(async () => {
  plane = await startControlPlane({ auditLog: false });
  access = await readKubeconfig(plane.kubeconfig);
  dispatcher = new Agent({ connect: { ca: access.ca } });
});
afterAll(async () => {
  await dispatcher?.close();
  await plane?.[Symbol.asyncDispose]();
});

// First, and in this order: everything below needs what is made here.
describe('the definitions', () => {
  it.each(customKinds.map((kind) => [kind.kind, kind] as const))(
    'of %s are accepted without a warning and served',
    async (_, kind) => {
      const created = await send('POST', CRDS, crdOf(kind));
      expect(created).toMatchObject({ status: 201, warnings: [] });
      const conditions = await eventually(`${kind.plural} to be served`, async () => {
        const { object } = await send('GET', `${CRDS}/${kind.plural}.influxaddon.dev`);
        const status = object['status'] as { conditions: { type: string; status: string }[] };
        const served = status.conditions.find(({ type }) => type === 'Established')?.status === 'True';
        return served && status.conditions;
      });
      expect(conditions.filter(({ type }) => type === 'NonStructuralSchema')).toEqual([]);
      await eventually(
        `${kind.plural} to answer`,
        async () => (await send('GET', `/apis/${API_VERSION}/${kind.plural}`)).status === 200,
      );
    },
  );

  it('take the whole catalogue', async () => {
    for (const plan of plans) {
      expect(await send('POST', PLANS, plan)).toMatchObject({ status: 201, warnings: [] });
    }
    for (const version of versions) {
      expect(await send('POST', VERSIONS, version)).toMatchObject({ status: 201, warnings: [] });
    }
  });
});

describe('an addon', () => {
  it.each(Object.entries(validSpecs()))(
    'is accepted with %s, and comes back as it was sent',
    async (_, spec) => {
      const answer = await create(addon({ spec }));
      expect(answer).toMatchObject({ status: 201, warnings: [], message: '' });
      expect(answer.object['spec']).toEqual({ plan: '1g', ...spec });
    },
  );

  it.each(invalidSpecs())('is refused with %s', async (_, spec, message) => {
    const answer = await create(addon({ spec: spec as Partial<InfluxAddonSpec> }));
    expect(answer.status).toBe(422);
    expect(answer.message).toContain(message);
  });

  it.each(['a', 'my-app', 'a1', `a${'b'.repeat(38)}9`])('may be called %s', async (name) => {
    expect(await create(addon({ name }))).toMatchObject({ status: 201 });
  });

  it.each(['1app', 'my.app', `a${'b'.repeat(40)}`, '9'])('may not be called %s', async (name) => {
    const answer = await create(addon({ name }));
    expect(answer.status).toBe(422);
    expect(answer.message).toContain('metadata.name must be at most 40 characters');
  });

  it('without a plan is refused', async () => {
    const answer = await create({ ...addon({}), spec: {} });
    expect(answer).toMatchObject({
      status: 422,
      message: expect.stringContaining('spec.plan: Required value'),
    });
  });

  it.each([
    ['that does not exist', { pln: '1g' }, 'unknown field "spec.pln"'],
    [
      'of another namespace',
      { apps: [{ name: 'web', namespace: 'x' }] },
      'unknown field "spec.apps[0].namespace"',
    ],
  ])(
    'with a field %s is refused when the client asks for strictness, as kubectl does',
    async (_, spec, message) => {
      const answer = await create(addon({ spec: spec as Partial<InfluxAddonSpec> }));
      expect(answer).toMatchObject({ status: 400, message: expect.stringContaining(message) });
    },
  );

  it('that nobody has looked at is not current to kstatus', async () => {
    const created = await send('POST', ADDONS, addon({ name: 'unseen' }));
    expect(created.object['status']).toEqual({ observedGeneration: -1 });
    expect((await send('GET', `${ADDONS}/unseen`)).object['status']).toEqual({ observedGeneration: -1 });
  });

  it('keeps the backup it was made from', async () => {
    const restoreFrom = (name: string) => ({ backupRef: { name } });
    const message = 'spec.restoreFrom cannot be changed after creation';
    expect(
      await edit('restored', { restoreFrom: restoreFrom('a') }, { restoreFrom: restoreFrom('b') }),
    ).toContain(message);
    expect(await edit('emptied', { restoreFrom: restoreFrom('a') }, {})).toContain(
      'spec.restoreFrom may only be removed once the database has answered',
    );
    expect(await edit('filled', {}, { restoreFrom: restoreFrom('a') })).toContain(message);
    expect(
      await edit('kept', { restoreFrom: restoreFrom('a') }, { restoreFrom: restoreFrom('a'), plan: '2g' }),
    ).toBe('');
  });

  it('need not name that backup any more once the database has answered', async () => {
    const path = `${ADDONS}/answered`;
    const spec = { plan: '1g', restoreFrom: { backupRef: { name: 'a' } } };
    const { object } = await send('POST', ADDONS, addon({ name: 'answered', spec }));
    const status = { observedGeneration: 1, dataPlane: { revision: 'r' } };
    const answered = await send('PUT', `${path}/status`, { ...object, status });
    expect(answered.status).toBe(200);
    expect((await send('PUT', path, { ...answered.object, spec: { plan: '1g' } })).status).toBe(200);
  });

  it('may change everything else', async () => {
    const before: Partial<InfluxAddonSpec> = {
      connection: { prefix: 'A', alias: 'B' },
      version: '1.8',
      apps: [{ name: 'web' }],
    };
    expect(
      await edit('changed', before, { connection: { prefix: 'B', alias: '' }, deletionPolicy: 'Delete' }),
    ).toBe('');
  });

  it('has its status written apart from its spec', async () => {
    const { object } = await send('POST', ADDONS, addon({ name: 'with-status' }));
    const status = wholeStatus();
    const written = await send('PUT', `${ADDONS}/with-status/status`, {
      ...object,
      spec: { plan: '32g' },
      status,
    });
    expect(written).toMatchObject({ status: 200, warnings: [] });
    expect(written.object['status']).toEqual(status);
    expect(written.object['spec']).toEqual({ plan: '1g' });
  });
});

describe('a plan', () => {
  const [shipped] = plans;
  const base = shipped!.spec;
  it.each([
    ['memory without a unit that exists', { memory: '1Gb' }, 'whole number of bytes with a unit'],
    [
      'a CPU limit below the request',
      { cpu: { request: '1', limit: '500m' } },
      'spec.cpu.limit must be at least spec.cpu.request',
    ],
    ['CPU in words', { cpu: { request: 'one', limit: '1' } }, 'must be an amount of CPU in quotes'],
    [
      'a ceiling below the size',
      { storage: { size: '2Gi', maxSize: '1Gi' } },
      'spec.storage.maxSize must be at least',
    ],
    ['a class that does not exist', { class: 'Gold' }, 'supported values: "Starter", "Business"'],
    [
      'a timeout without a unit',
      { limits: { ...base.limits, queryTimeout: '60' } },
      'must be a number and a unit',
    ],
    [
      'an access mode of many nodes',
      { storage: { size: '1Gi', accessMode: 'ReadWriteMany' } },
      'spec.storage.accessMode',
    ],
  ])('is refused with %s', async (_, change, message) => {
    const plan = { apiVersion: API_VERSION, kind: 'InfluxPlan', metadata: { name: 'refused' } };
    const answer = await send('POST', `${PLANS}?dryRun=All`, { ...plan, spec: { ...base, ...change } });
    expect(answer.status).toBe(422);
    expect(answer.message).toContain(message);
  });

  it('may grow its volume, in any unit, and never shrink it', async () => {
    const { object } = await send('GET', `${PLANS}/512m`);
    const sized = (size: string) =>
      send('PUT', `${PLANS}/512m?dryRun=All`, { ...object, spec: { ...base, storage: { size } } });
    expect((await sized('11Gi')).status).toBe(200);
    expect((await sized('10240Mi')).status).toBe(200);
    expect(await sized('9Gi')).toMatchObject({
      status: 422,
      message: expect.stringContaining('spec.storage.size may grow but never shrink'),
    });
  });
});

describe('a version', () => {
  it('is called by the exact version', async () => {
    const version = (name: string) => ({
      apiVersion: API_VERSION,
      kind: 'InfluxVersion',
      metadata: { name },
      spec: { image: 'influxdb:1.8', migratesFromMajor: null },
    });
    expect(await send('POST', `${VERSIONS}?dryRun=All`, version('1.8.3'))).toMatchObject({
      status: 201,
      warnings: [],
    });
    expect(await send('POST', `${VERSIONS}?dryRun=All`, version('1.8'))).toMatchObject({
      status: 422,
      message: expect.stringContaining('metadata.name must be the exact version, such as 1.8.10'),
    });
  });

  it.each([
    ['its image', { image: 'influxdb:1.8.10-alpine' }, 422],
    ['the major it migrates from', { migratesFromMajor: 0 }, 422],
    ['whether it is the default', { default: false }, 200],
    ['its lifecycle', { lifecycle: 'Withdrawn' }, 200],
  ])('answers a change of %s rightly', async (_, change, status) => {
    const { object } = await send('GET', `${VERSIONS}/1.8.10`);
    const spec = { ...(object['spec'] as object), ...change };
    const answer = await send('PUT', `${VERSIONS}/1.8.10?dryRun=All`, { ...object, spec });
    expect(answer.status).toBe(status);
    if (status === 422) expect(answer.message).toContain('only spec.lifecycle and spec.default may change');
  });

  it('that migrates from no major, written as null, stays editable', async () => {
    const metadata = { name: '9.9.9' };
    const spec = { image: 'influxdb:9', migratesFromMajor: null };
    const { object } = await send('POST', VERSIONS, {
      apiVersion: API_VERSION,
      kind: 'InfluxVersion',
      metadata,
      spec,
    });
    expect(object['spec']).toEqual(spec);
    const edited = await send('PUT', `${VERSIONS}/9.9.9`, {
      ...object,
      spec: { ...spec, lifecycle: 'Deprecated' },
    });
    expect(edited).toMatchObject({ status: 200, message: '' });
  });
});

async function send(method: string, path: string, body?: unknown): Promise<Answer> {
  const url = new URL(path, access.server);
  if (body !== undefined) url.searchParams.set('fieldValidation', 'Strict');
  const answer = await request(url, {
    dispatcher,
    method: method as 'GET' | 'POST' | 'PUT',
    headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.body.text();
  const object = (text.startsWith('{') ? JSON.parse(text) : {}) as Answer['object'];
  const message = object['kind'] === 'Status' ? String(object['message']) : '';
  return { status: answer.statusCode, warnings: [answer.headers['warning'] ?? []].flat(), message, object };
}

function create(object: unknown): Promise<Answer> {
  return send('POST', `${ADDONS}?dryRun=All`, object);
}

function addon({ name = 'my-app', spec = {} }: { name?: string; spec?: Partial<InfluxAddonSpec> }) {
  return { apiVersion: API_VERSION, kind: 'InfluxAddon', metadata: { name }, spec: { plan: '1g', ...spec } };
}

/** Makes an addon of the one spec and edits it to the other; what the API server says against the edit. */
async function edit(
  name: string,
  from: Partial<InfluxAddonSpec>,
  to: Partial<InfluxAddonSpec>,
): Promise<string> {
  const { object, status } = await send('POST', ADDONS, addon({ name, spec: from }));
  expect(status).toBe(201);
  return (await send('PUT', `${ADDONS}/${name}`, { ...object, spec: { plan: '1g', ...to } })).message;
}
