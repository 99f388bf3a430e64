import { expect, it } from 'vitest';
import { live, NAMESPACE, SETTINGS } from '../addon/testing/fixtures.ts';
import type { InfluxBackup } from '../api/influx-backup.ts';
import type { InfluxBackupStore } from '../api/influx-backup-store.ts';
import type { InfluxRestore } from '../api/influx-restore.ts';
import { KubeClient } from '../kube/api/client.ts';
import { FakeApi } from '../kube/testing/fake-api.ts';
import { FakeTransport } from '../kube/testing/fake-transport.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { AddonOperator } from './addons.ts';

/** One that hears of everything and works on nothing. */
function idle(): AddonOperator {
  return new AddonOperator({
    client: new KubeClient(new FakeTransport(new FakeApi()), { fieldManager: 'operator' }),
    influx: { send: () => Promise.reject(new Error('nobody asks')), close: () => Promise.resolve() },
    events: { event: () => {} },
    settings: SETTINGS,
    workers: 1,
  });
}

const metadata = (name: string) => ({ name, namespace: NAMESPACE, uid: name });

it('the length of each queue is told by the controller that takes from it, of backups as of addons', async () => {
  const operator = idle();
  const { stores } = operator;
  const metrics = new Metrics();
  metrics.observe({
    queueLengths: () => operator.queueLengths,
    addonsByStatus: () => new Map(),
    watchAgeSeconds: () => 0,
    addons: () => [],
  });
  const lengths = async () =>
    Object.fromEntries(
      [
        ...(await metrics.registry.metrics()).matchAll(
          /^influxaddon_queue_length\{controller="(.+)"\} (\d+)$/gm,
        ),
      ].map(([, controller, length]) => [controller, Number(length)]),
    );
  expect(await lengths()).toEqual({ addon: 0, authority: 0, backup: 0, 'backup-store': 0, restore: 0 });
  for (const name of ['a', 'b'])
    stores.backups.recordWrite(
      live<InfluxBackup>({ metadata: metadata(name), spec: { addonRef: { name } } }),
    );
  stores.backupStores.recordWrite(
    live<InfluxBackupStore>({ metadata: metadata('nightly'), spec: { pvc: { claimName: 'disk' } } }),
  );
  stores.restores.recordWrite(
    live<InfluxRestore>({
      metadata: metadata('undo'),
      spec: { backupRef: { name: 'a' }, addonRef: { name: 'c' }, overwrite: 'c_1' },
    }),
  );
  expect(await lengths()).toMatchObject({ backup: 2, 'backup-store': 1, restore: 1 });
});
