import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { InfluxAddon } from '../../src/api/kinds.ts';
import type { InfluxRequest } from '../../src/influx/transport.ts';
import { Deployment, Event, type Kind, Pod, Secret, StatefulSet } from '../../src/kube/objects/kinds.ts';
import type { KubeObject } from '../../src/kube/objects/types.ts';
import { eventually, readChildren } from './children.ts';
import { secretData } from './database.ts';
import { condition, OPERATOR_NAMESPACE, OPERATOR_USER, type OperatorBed } from './operator-bed.ts';
import { OperatorProcess } from './operator-process.ts';
import { withOperatorBed } from './with-bed.ts';

/** Nobody may ever read this; it is put wherever a value might be quoted from. */
const CANARY = 'canary0Secret0Value0That0Nobody0May0Read';

let bed: OperatorBed;
withOperatorBed((started) => {
  bed = started;
});

test('no password or URL is in logs, events, status, metrics, arguments or pods, whatever goes wrong', async () => {
  const kubeconfig = await bed.plane.userKubeconfig(OPERATOR_USER);
  const flags = [
    `--pod-namespace=${OPERATOR_NAMESPACE}`,
    '--webhook-port=0',
    '--log-level=debug',
    '--log-format=json',
    // An API server that is slow to come back is no reason to end: nobody starts this process again.
    '--lease-seconds=120',
  ];
  const secrets = new Set([
    CANARY,
    (JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig).users[0].user.token,
  ]);
  let output: string;
  let metrics: string;
  let commandLine: string;
  {
    await using operator = await OperatorProcess.start(kubeconfig, flags);
    await provision();
    await remember(secrets, 'sound');
    await rotate(secrets);
    await Promise.all([drift(), badInput(), refusedWithQuotes(), engineFails()]);
    await bed.plane.restartApiserver({ downMs: 500 });
    await engineFails('after');
    for (const namespace of ['sound', 'failing', 'failing-after']) await remember(secrets, namespace);
    metrics = await operator.metrics();
    commandLine = await operator.commandLine();
    await operator[Symbol.asyncDispose]();
    output = operator.output;
  }

  // The search finds things at all: each place holds what it should.
  expect(output).toMatch(/"level":"debug"/);
  expect(output).toContain('create Secret db-influx-admin');
  expect(metrics).toContain('influxaddon_reconcile_total');
  expect(commandLine).toContain('--log-level=debug');
  const events = JSON.stringify((await bed.client.list(Event)).items);
  expect(events).toContain('DatabaseRepaired');
  const addons = JSON.stringify((await bed.client.list(InfluxAddon)).items);
  const places = {
    output,
    metrics,
    commandLine,
    events,
    addons,
    pods: JSON.stringify((await bed.client.list(Pod)).items),
    statefulSets: JSON.stringify((await bed.client.list(StatefulSet)).items),
    deployments: JSON.stringify((await bed.client.list(Deployment)).items),
  };
  expect(secrets.size).toBeGreaterThan(6);
  for (const [place, text] of Object.entries(places)) {
    for (const secret of secrets) {
      for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)])
        expect(text.includes(form), `${place} holds a secret (${secret.length} characters)`).toBe(false);
    }
    expect(text, place).not.toMatch(
      /WITH PASSWORD|SET PASSWORD FOR|Basic [A-Za-z0-9+/]{8}|Bearer [A-Za-z0-9]{8}/,
    );
  }
});

test('statements travel in the bodies of POST requests only, and credentials in no URL', async () => {
  const seen: InfluxRequest[] = [];
  const operator = await bed.startOperator({
    wrapInflux: (inner) => ({
      send: (request) => {
        seen.push(request);
        return inner.send(request);
      },
      close: () => inner.close(),
    }),
  });
  const namespace = await bed.namespace('statements');
  await bed.addon(namespace, 'db');
  await bed.ready(namespace, 'db');
  await operator.stop();

  const statements = seen.filter(({ body = '' }) => new URLSearchParams(body).has('q'));
  expect(statements.length).toBeGreaterThan(4);
  const { password = '', 'admin-password': admin = '' } = await secretData(bed, namespace, 'db-influx-admin');
  for (const { method, path, query = {}, headers = {}, body = '' } of seen) {
    expect(Object.keys(query)).not.toContain('q');
    expect(Object.keys(query)).not.toContain('p');
    const open = JSON.stringify([path, query, headers]);
    expect([open.includes(password), open.includes(admin)]).toEqual([false, false]);
    if (new URLSearchParams(body).has('q')) expect([method, path]).toEqual(['POST', '/query']);
  }
  const { claim } = await readChildren(bed, namespace, 'db');
  const logged = bed.kubelet.engine.requests().filter(({ storageKey }) => storageKey === claim?.metadata.uid);
  expect(
    new Set(logged.filter(({ statements: sent }) => sent.length > 0).map(({ method }) => method)),
  ).toEqual(new Set(['POST']));
});

test('every id has a number of four digits and every password 288 random bits, none of them twice', async () => {
  await bed.startOperator();
  const namespace = await bed.namespace('random');
  const names = Array.from({ length: 12 }, (_, index) => `my-app-${index}`);
  await Promise.all(names.map((name) => bed.addon(namespace, name)));
  const addons = await Promise.all(names.map((name) => bed.ready(namespace, name)));
  const passwords = new Set<string>();
  for (const [index, name] of names.entries()) {
    const admin = await secretData(bed, namespace, `${name}-influx-admin`);
    expect(addons[index]?.status?.id).toMatch(new RegExp(`^${name.replaceAll('-', '_')}_[1-9]\\d{3}$`));
    for (const key of ['password', 'admin-password']) {
      expect(admin[key]).toMatch(/^[A-Za-z0-9_-]{48}$/);
      passwords.add(admin[key] ?? '');
    }
  }
  expect(passwords.size).toBe(24);
  // 24 times 48 characters out of 64: a source that is not random would miss many of them.
  expect(new Set([...passwords].join('')).size).toBeGreaterThan(60);
});

interface Kubeconfig {
  users: [{ user: { token: string } }];
}

async function provision(): Promise<void> {
  await bed.namespace('sound');
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
  const spec = { selector: { matchLabels: labels }, template };
  await bed.client.create(Deployment, { metadata: { namespace: 'sound', name: 'web' }, spec });
  await bed.addon('sound', 'db', { apps: [{ name: 'web', env: 'Inject' }] });
  await bed.until('sound', 'db', 'bound', (addon) => condition(addon, 'AppsCurrent')?.status === 'True');
}

/** Both sets of credentials work for as long as this test goes on. */
async function rotate(secrets: Set<string>): Promise<void> {
  const metadata = { annotations: { 'influxaddon.dev/rotate': '1' } };
  await bed.client.patch(InfluxAddon, { namespace: 'sound', name: 'db' }, { metadata }, { type: 'merge' });
  await bed.until('sound', 'db', 'rotated', ({ status }) => status?.rotation?.phase === 'Overlapping');
  await remember(secrets, 'sound');
  const { rotation = '{}' } = await secretData(bed, 'sound', 'db-influx-admin');
  const { password, adminPassword } = JSON.parse(rotation) as { password: string; adminPassword: string };
  expect(secrets.has(password) && secrets.has(adminPassword)).toBe(true);
}

async function drift(): Promise<void> {
  const before = await secretData(bed, 'sound', 'db-influx');
  const url = new URL(before['INFLUX_URL'] ?? '');
  url.password = CANARY;
  const data = { INFLUX_URL: Buffer.from(url.href).toString('base64') };
  await bed.client.patch(Secret, { namespace: 'sound', name: 'db-influx' }, { data }, { type: 'merge' });
  await bed.client.delete(Secret, { namespace: 'sound', name: 'db-influx-binding' });
  await eventually('the Secrets to be as they were', async () => {
    const now = await secretData(bed, 'sound', 'db-influx');
    return (
      now['INFLUX_URL'] === before['INFLUX_URL'] && (await secretData(bed, 'sound', 'db-influx-binding'))
    );
  });
  const { claim } = await readChildren(bed, 'sound', 'db');
  const user = bed.kubelet.engine.state(claim?.metadata.uid ?? '').users.get(url.username);
  Object.assign(user ?? {}, { password: CANARY });
  // A database is asked anew in each pod: this process has the machine's time, and its next check is far off.
  await bed.kubelet.killPod('sound', 'db-influx-0');
  await eventually('the password to be set again', async () => user?.password !== CANARY);
  await eventually('the event', async () =>
    (await bed.client.list(Event, { namespace: 'sound' })).items.some(
      ({ reason }) => reason === 'DatabaseRepaired',
    ),
  );
}

async function badInput(): Promise<void> {
  await bed.namespace('foreign');
  const metadata = { namespace: 'foreign', name: 'db-influx-admin' };
  await bed.client.create(Secret, { metadata, stringData: { password: CANARY, 'admin-password': CANARY } });
  await bed.addon('foreign', 'db');
  await bed.until(
    'foreign',
    'db',
    'stalled',
    (addon) => condition(addon, 'Stalled')?.reason === 'NameConflict',
  );
  await bed.addon('foreign', 'other', { plan: 'no-such-plan' });
  await bed.until(
    'foreign',
    'other',
    'stalled',
    (addon) => condition(addon, 'Stalled')?.reason === 'UnknownPlan',
  );
}

/** A policy of the cluster that quotes from what it refuses. */
async function refusedWithQuotes(): Promise<void> {
  const group = 'admissionregistration.k8s.io';
  const kind = (plural: string, name: string): Kind<KubeObject> => ({
    group,
    version: 'v1',
    plural,
    kind: name,
    namespaced: false,
  });
  const policy = {
    metadata: { name: 'quoting' },
    spec: {
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'refusing' } },
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['secrets'] },
        ],
      },
      validations: [
        { expression: 'false', messageExpression: `'${CANARY} ' + string(object.data['password'])` },
      ],
    },
  };
  await bed.client.create(
    kind('validatingadmissionpolicies', 'ValidatingAdmissionPolicy'),
    policy as KubeObject,
  );
  const binding = {
    metadata: { name: 'quoting' },
    spec: { policyName: 'quoting', validationActions: ['Deny'] },
  };
  await bed.client.create(
    kind('validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding'),
    binding as KubeObject,
  );
  await bed.namespace('refusing');
  await eventually('the policy to be in force', async () => {
    const name = `try-${Math.random().toString(36).slice(2)}`;
    const made = await bed.client
      .create(Secret, { metadata: { namespace: 'refusing', name }, stringData: { password: 'x' } })
      .then(() => true)
      .catch(() => false);
    return !made;
  });
  await bed.addon('refusing', 'db');
  const addon = await bed.until(
    'refusing',
    'db',
    'stalled',
    (each) => condition(each, 'Stalled')?.status === 'True',
  );
  expect(condition(addon, 'Stalled')?.message).toMatch(
    /The API server (refuses|does not accept) Secret db-influx-admin: /,
  );
}

async function engineFails(when?: string): Promise<void> {
  const namespace = await bed.namespace(when === undefined ? 'failing' : `failing-${when}`);
  const stop = bed.kubelet.engine.fault({
    // The one user that is called after its addon, since others are made meanwhile.
    match: ({ body }) => /CREATE.*USER.*mishap_/.test(decodeURIComponent(body)),
    behave: 'Error500',
    times: 2,
  });
  await bed.addon(namespace, 'mishap');
  await bed.ready(namespace, 'mishap');
  stop();
}

/** Passwords and URLs of a namespace, as they are now. */
async function remember(secrets: Set<string>, namespace: string): Promise<void> {
  for (const { metadata } of (await bed.client.list(Secret, { namespace })).items) {
    for (const [key, value] of Object.entries(await secretData(bed, namespace, metadata.name)))
      if (/password$|_URL$|^uri$/.test(key)) secrets.add(value);
      else if (key.endsWith('.key')) secrets.add(value.split('\n')[2] ?? value);
  }
}
