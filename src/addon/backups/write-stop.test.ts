import { describe, expect, it } from 'vitest';
import type { InfluxRestore } from '../../api/influx-restore.ts';
import { stepsTowards } from '../database/wish.ts';
import { accessTo } from '../database/state.ts';
import { addonOf, FACTS, live, NAMESPACE, NOW, worldOf } from '../testing/fixtures.ts';
import { podOf } from '../testing/pods.ts';
import { writeStop, writeStopStatus } from './write-stop.ts';

const AT = NOW.toISOString();
/** Its first Job is decided: there is a volume for the data. */
const BEGUN = { startedAt: AT, attempts: 1 };

function restoreOf(status: InfluxRestore['status'], metadata: object = {}) {
  return live<InfluxRestore>({
    metadata: { name: 'undo', namespace: NAMESPACE, uid: 'undo-uid', ...metadata },
    spec: { backupRef: { name: 'mine' }, addonRef: { name: 'my-app' }, overwrite: FACTS.id },
    status: { claim: 'data-new', ...status },
  });
}

function podOn(claimName: string) {
  const pod = podOf();
  const containers = pod.spec?.containers ?? [];
  return { ...pod, spec: { containers, volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] } };
}

describe('writes are refused', () => {
  const gone = { deletionTimestamp: AT };
  const initial = { ownerReferences: [{ kind: 'InfluxAddon', name: 'my-app', uid: 'a', apiVersion: 'v1' }] };
  it.each<[string, boolean, InfluxRestore['status'], string, object]>([
    ['not before a restore is begun', false, {}, 'data', {}],
    ['not before it has a volume', false, { startedAt: AT }, 'data', {}],
    ['from its first attempt', true, BEGUN, 'data', {}],
    ['until the database runs on the restored data', true, { ...BEGUN, restoredAt: AT }, 'data', {}],
    ['and not once it does', false, { ...BEGUN, restoredAt: AT }, 'data-new', {}],
    ['not when it was given up', false, { ...BEGUN, failedAt: AT }, 'data', {}],
    ['not when it is over', false, { ...BEGUN, completedAt: AT }, 'data', {}],
    ['not when it was deleted', false, BEGUN, 'data', gone],
    ['when it was deleted too late', true, { ...BEGUN, restoredAt: AT }, 'data', gone],
    ['not for the first data of a new addon', false, BEGUN, 'data', initial],
  ])('%s', (_, expected, status, claim, metadata) => {
    const restores = [restoreOf(status, metadata)];
    expect(writeStop(worldOf({ restores, pod: podOn(claim) })) !== undefined).toBe(expected);
  });

  it('and status says for which restore and since when, whatever the pod does meanwhile', () => {
    const restores = [restoreOf(BEGUN)];
    const told = (status: object, writesStopped?: string) =>
      writeStopStatus(worldOf({ addon: addonOf({}, { status }), restores }), { writesStopped }, NOW);
    const restore = { name: 'undo', uid: 'undo-uid', writesRefusedAt: AT };
    expect(told({})).toBeUndefined();
    expect(told({}, 'undo-uid')).toEqual(restore);
    const earlier = { ...restore, writesRefusedAt: '2029-12-31T00:00:00Z' };
    expect(told({ restore: earlier })).toEqual(earlier);
    expect(told({ restore: { ...earlier, uid: 'another' } })).toBeUndefined();
  });
});

describe('a database that is not to be written to', () => {
  const users = { reader: 'x', writer: 'y', both: 'z' };
  const state = {
    databases: [FACTS.id],
    users: [
      { name: 'admin', admin: true },
      ...[FACTS.id, ...Object.keys(users)].map((name) => ({ name, admin: false })),
    ],
    grants: [{ database: FACTS.id, privilege: 'ALL PRIVILEGES' }],
    otherGrants: {
      reader: [{ database: FACTS.id, privilege: 'READ' }],
      writer: [{ database: FACTS.id, privilege: 'WRITE' }],
      both: [{ database: FACTS.id, privilege: 'ALL PRIVILEGES' }],
    },
    retentionPolicies: [],
    continuousQueries: [],
  };
  const access = { ...accessTo(podOf(), FACTS, undefined), users, readOnly: true };
  const steps = (found: typeof state) =>
    stepsTowards({ state: found, login: 'Accepted' }, access).map(({ statement }) => statement);

  it('leaves all its users what they may read, and nothing else', () => {
    expect(steps(state)).toEqual([
      `GRANT READ ON "${FACTS.id}" TO "${FACTS.id}"`,
      `REVOKE ALL ON "${FACTS.id}" FROM "writer"`,
      `GRANT READ ON "${FACTS.id}" TO "both"`,
    ]);
  });

  it('is told once', () => {
    const read = [{ database: FACTS.id, privilege: 'READ' }];
    const none = [{ database: FACTS.id, privilege: 'NO PRIVILEGES' }];
    expect(
      steps({ ...state, grants: read, otherGrants: { reader: read, writer: none, both: read } }),
    ).toEqual([]);
  });
});
