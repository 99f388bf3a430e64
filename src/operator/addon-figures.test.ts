import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Memories } from '../addon/observe/memories.ts';
import { makeStores, type Stores } from '../addon/observe/stores.ts';
import { addonOf, live, NAMESPACE, planOf } from '../addon/testing/fixtures.ts';
import { figuresOf, measuredOf } from '../addon/testing/measured.ts';
import type { PersistentVolumeClaim } from '../kube/objects/kinds.ts';
import { observeAddons } from '../telemetry/addon-metrics.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { addonFigures } from './addon-figures.ts';

/** What a scrape gets of the addons' own metrics, without comments. */
async function scrape(stores: Stores, memories: Memories): Promise<string[]> {
  const metrics = new Metrics();
  metrics.observe({
    queueLengths: () => new Map(),
    addonsByStatus: () => new Map(),
    watchAgeSeconds: () => 0,
    addons: () => addonFigures(stores, memories),
  });
  const text = await metrics.registry.metrics();
  return text.split('\n').filter((line) => /^influxaddon_[a-z_]+\{.*addon="/.test(line));
}

function storesWith(count = 1): { stores: Stores; memories: Memories } {
  const stores = makeStores();
  const memories = new Memories();
  stores.plans.recordWrite(planOf('1g'));
  for (let index = 0; index < count; index += 1) {
    const name = index === 0 ? 'my-app' : `app-${index}`;
    const condition = { reason: 'Ready', message: '', lastTransitionTime: '2030-01-01T00:00:00Z' };
    const status = {
      plan: '1g',
      version: '1.8.10',
      certificate: { notAfter: '2030-03-01T00:00:00Z' },
      conditions: [{ type: 'Ready', status: 'True' as const, ...condition }],
    };
    const metadata = { name, namespace: NAMESPACE, uid: `uid-of-${name}` };
    stores.addons.recordWrite(addonOf({}, { metadata, status }));
    const claim = {
      metadata: { name: `${name}-influx-data`, namespace: NAMESPACE, uid: `claim-of-${name}` },
    };
    stores.claims.recordWrite(
      live({ ...claim, status: { capacity: { storage: '20Gi' } } } as PersistentVolumeClaim),
    );
    const figures = figuresOf({ series: 1000, shards: 1, dataBytes: 5_000_000, heapBytes: 30_000_000 });
    memories.update(metadata.uid, { measured: measuredOf({ figures, figuresMs: 1_893_456_000_000 }) });
  }
  return { stores, memories };
}

describe('the metrics of an addon', () => {
  it('tell the size of the volume that it is on, which a restore may have brought', async () => {
    const { stores, memories } = storesWith();
    const [addon] = stores.addons.list();
    const status = { ...addon?.status, storage: { claim: 'restored' } };
    const { resourceVersion: _, ...metadata } = addon?.metadata ?? {};
    stores.addons.recordWrite(addonOf({}, { metadata, status }));
    const claim = { metadata: { name: 'restored', namespace: NAMESPACE, uid: 'restored' } };
    stores.claims.recordWrite(
      live({ ...claim, status: { capacity: { storage: '1Ki' } } } as PersistentVolumeClaim),
    );
    const volume = (await scrape(stores, memories)).filter((line) => /_volume_/.test(line));
    expect(volume).toEqual([expect.stringMatching(/ 1024$/)]);
  });

  it('are figures in base units, labelled by namespace and addon only, but for one sample with words', async () => {
    const { stores, memories } = storesWith();
    const of = (name: string, value: number) => `${name}{namespace="shop",addon="my-app"} ${value}`;
    expect(await scrape(stores, memories)).toEqual([
      'influxaddon_info{namespace="shop",addon="my-app",plan="1g",version="1.8.10",status="Ready"} 1',
      of('influxaddon_ready', 1),
      of('influxaddon_series', 1000),
      of('influxaddon_series_limit', 100_000),
      of('influxaddon_data_bytes', 5_000_000),
      of('influxaddon_disk_used_bytes', 5_195_072),
      of('influxaddon_volume_bytes', 21_474_836_480),
      of('influxaddon_engine_heap_bytes', 30_000_000),
      of('influxaddon_memory_limit_bytes', 1_073_741_824),
      of('influxaddon_certificate_expiry_timestamp_seconds', 1_898_553_600),
      of('influxaddon_measured_timestamp_seconds', 1_893_456_000),
    ]);
  });

  it('are not there before anything is known, and go with the addon', async () => {
    const stores = makeStores();
    const addon = addonOf();
    stores.addons.recordWrite(addon);
    expect(await scrape(stores, new Memories())).toEqual([]);
    const { stores: full, memories } = storesWith();
    const key = `${NAMESPACE}/my-app`;
    full.addons.recordDelete(key, full.addons.get(key)?.metadata.uid ?? '');
    memories.forget('uid-of-my-app');
    expect(await scrape(full, memories)).toEqual([]);
  });

  it('replace the words when they change, and keep no sample of the former ones', async () => {
    const { stores, memories } = storesWith();
    const conditions = stores.addons.get(`${NAMESPACE}/my-app`)?.status?.conditions ?? [];
    const metadata = { name: 'my-app', namespace: NAMESPACE, uid: 'uid-of-my-app' };
    const changing = conditions.map((each) => ({ ...each, reason: 'ChangingPlan' }));
    const registry = new Registry();
    observeAddons(registry, () => addonFigures(stores, memories));
    const words = async () => (await registry.metrics()).match(/^influxaddon_info.*$/gm);
    expect(await words()).toHaveLength(1);
    stores.addons.recordWrite(addonOf({}, { metadata, status: { plan: '2g', conditions: changing } }));
    expect(await words()).toEqual([
      'influxaddon_info{namespace="shop",addon="my-app",plan="2g",version="",status="ChangingPlan"} 1',
    ]);
  });

  it('are one sample for each figure of each of a thousand', async () => {
    const { stores, memories } = storesWith(1000);
    expect(await scrape(stores, memories)).toHaveLength(11_000);
  });
});
