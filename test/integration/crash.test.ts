import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deployment, PersistentVolumeClaim, Pod, Secret } from '../../src/kube/kinds.ts';
import { appOf } from './app.ts';
import { queryAsAdmin, queryThroughUrl } from './database.ts';
import { type Blow, Fuse } from './fuse.ts';
import {
  condition,
  OPERATOR_NAMESPACE,
  OPERATOR_USER,
  type OperatorBed,
  startOperatorBed,
} from './operator-bed.ts';

let bed: OperatorBed;
let count = 0;
beforeAll(async () => {
  bed = await startOperatorBed();
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

/** Provisions an addon with an injected app while the first operator dies at its n-th write; returns what it had written. */
async function provisionWithCrash(
  after: number,
  blow: Blow,
): Promise<{ writes: string[]; namespace: string; crashed: boolean }> {
  count += 1;
  const namespace = await bed.namespace(`crash-${count}`);
  await bed.client.create(Deployment, appOf(namespace));
  const fuse = new Fuse(after, blow);
  const first = await bed.startOperator({ wrap: fuse.wrap, wrapInflux: fuse.wrapInflux });
  await bed.addon(namespace, 'my-app', { apps: [{ name: 'web', env: 'Inject' }] });
  const done = bed
    .until(namespace, 'my-app', 'done', (addon) => condition(addon, 'AppsCurrent')?.status === 'True')
    .then(
      () => 'done',
      () => 'failed',
    );
  const crashed = (await Promise.race([fuse.blown.then(() => 'blown'), done])) === 'blown';
  await first.kill();
  if (crashed) {
    const second = await bed.startOperator();
    await bed.until(
      namespace,
      'my-app',
      'done after the crash',
      (addon) =>
        condition(addon, 'AppsCurrent')?.status === 'True' && condition(addon, 'Ready')?.status === 'True',
    );
    await second.stop();
  }
  return { writes: fuse.writes, namespace, crashed };
}

async function expectWhole(namespace: string): Promise<void> {
  const addon = await bed.get(namespace, 'my-app');
  const id = addon.status?.id;
  const databases = JSON.parse(
    (await queryAsAdmin(bed, namespace, 'my-app', 'SHOW DATABASES')).body,
  ) as unknown;
  expect(databases).toMatchObject({ results: [{ series: [{ values: [[id]] }] }] });
  const users = JSON.parse((await queryAsAdmin(bed, namespace, 'my-app', 'SHOW USERS')).body) as unknown;
  expect(users).toMatchObject({
    results: [
      {
        series: [
          {
            values: [
              ['admin', true],
              [id, false],
            ],
          },
        ],
      },
    ],
  });
  expect((await queryThroughUrl(bed, namespace, 'my-app', 'SHOW MEASUREMENTS')).status).toBe(200);
  const { items: secrets } = await bed.client.list(Secret, { namespace });
  expect(secrets.map(({ metadata }) => metadata.name).toSorted()).toEqual([
    'my-app-influx',
    'my-app-influx-admin',
    'my-app-influx-binding',
    'my-app-influx-tls',
  ]);
  expect((await bed.client.list(PersistentVolumeClaim, { namespace })).items).toHaveLength(1);
  const web = await bed.client.get(Deployment, { namespace, name: 'web' });
  expect(web?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
}

describe('the operator dies at every single write of a provisioning', () => {
  test.for<Blow>(['Applied', 'Lost'])(
    '%s: every addon ends ready with one database, one user, one password that works, its app restarted once',
    { timeout: 300_000 },
    async (blow) => {
      const steps: string[] = [];
      for (let after = 1; ; after += 1) {
        const { writes, namespace, crashed } = await provisionWithCrash(after, blow);
        await expectWhole(namespace);
        if (!crashed) {
          // Eight children, the finalizer, two writes of status, the app; the database, its user, its grant, the probe.
          expect(writes.filter((write) => /^(POST|PUT|PATCH|DELETE) /.test(write)).length).toBe(12);
          expect(writes.filter((write) => /^(CREATE|GRANT|write|DROP)/.test(write)).length).toBe(5);
          break;
        }
        steps.push(writes.at(-1) ?? '');
      }
      expect(steps.length).toBe(17);
    },
  );
});

describe('the real process is killed', () => {
  const phases = ['Pending', 'Initialised', 'Running'] as const;
  test.for(phases)(
    'by SIGKILL while the pod is %s: the next one finishes',
    { timeout: 120_000 },
    async (phase) => {
      const namespace = await bed.namespace(`sigkill-${phase.toLowerCase()}`);
      const kubeconfig = await bed.plane.userKubeconfig(OPERATOR_USER);
      const remove = bed.kubelet.rule({
        match: (pod) => pod.metadata.namespace === namespace,
        behave: 'SlowStart',
        readyAfterMs: 3_000,
      });
      const first = startProcess(kubeconfig);
      await bed.addon(namespace, 'my-app');
      await untilPod(namespace, phase);
      first.kill('SIGKILL');
      await once(first, 'exit');
      remove();
      const second = startProcess(kubeconfig);
      try {
        await bed.ready(namespace, 'my-app', 60_000);
        expect((await queryThroughUrl(bed, namespace, 'my-app', 'SHOW DATABASES')).status).toBe(200);
      } finally {
        second.kill('SIGTERM');
        const [code] = (await once(second, 'exit')) as [number];
        expect(code).toBe(0);
      }
    },
  );

  async function untilPod(namespace: string, phase: (typeof phases)[number]): Promise<void> {
    for (let tries = 0; tries < 1_000; tries += 1) {
      const pod = await bed.client.get(Pod, { namespace, name: 'my-app-influx-0' });
      const done = (type: string) =>
        pod?.status?.conditions?.some((each) => each.type === type && each.status === 'True') ?? false;
      if (
        pod !== undefined &&
        (phase === 'Pending' ||
          (phase === 'Initialised' ? done('Initialized') : pod.status?.phase === 'Running'))
      )
        return;
      await delay(20);
    }
    throw new Error(`the pod was never ${phase}`);
  }

  function startProcess(kubeconfig: string) {
    const flags = [
      '--pod-name=operator-0',
      `--pod-namespace=${OPERATOR_NAMESPACE}`,
      '--lease-seconds=3',
      '--health-port=0',
      '--metrics-port=0',
      '--webhook-port=0',
    ];
    return spawn(process.execPath, ['src/main.ts', 'operator', `--kubeconfig=${kubeconfig}`, ...flags], {
      stdio: 'ignore',
    });
  }
});
