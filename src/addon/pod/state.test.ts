import { describe, expect, it } from 'vitest';
import { cannotBegin, mayHaveOpenedData, podState } from './state.ts';
import { NOW } from '../testing/fixtures.ts';
import { containerStatus, podOf, readyStatus, settledSet } from '../testing/pods.ts';

const now = NOW.getTime();
const ago = (ms: number) => new Date(now - ms).toISOString();

function stateOf(status: Parameters<typeof podOf>[0]) {
  return podState(podOf(status), settledSet(), now);
}

describe('podState', () => {
  it('is ready when the pod is ready and made from the present template', () => {
    expect(stateOf(readyStatus())).toEqual({ state: 'Ready' });
  });

  it.each([
    ['the StatefulSet', undefined, undefined],
    ['the pod to be created', undefined, settledSet()],
    ['the previous pod to stop', podOf(undefined, { deletionTimestamp: ago(1) }), settledSet()],
    [
      'the pod to be replaced',
      podOf(),
      settledSet({ status: { observedGeneration: 1, updateRevision: 'next' } }),
    ],
    [
      'the pod to be replaced',
      podOf(),
      settledSet({ status: { observedGeneration: 0, updateRevision: 'my-app-influx-5b8c' } }),
    ],
    ['the pod to become ready', podOf({}), settledSet()],
    ['the pod to become ready', podOf({ conditions: [{ type: 'Ready', status: 'True' }] }), settledSet()],
  ])('waits for %s', (what, pod, set) => {
    expect(podState(pod, set, now)).toEqual({ state: 'Starting', what });
  });

  it('is Unschedulable when no node takes it, but not in the first moment', () => {
    const unschedulable = (ms: number) =>
      stateOf({
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/3 nodes are available: 3 Insufficient memory.',
            lastTransitionTime: ago(ms),
          },
        ],
      });
    expect(unschedulable(1_000)).toMatchObject({ state: 'Starting' });
    expect(unschedulable(10_000)).toMatchObject({ state: 'Trouble', reason: 'Unschedulable' });
    expect(unschedulable(10_000)).toHaveProperty('message', expect.stringContaining('Insufficient memory'));
  });

  it.each(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName'])('names the image for %s', (reason) => {
    const trouble = stateOf({
      initContainerStatuses: [containerStatus('bootstrap', { waiting: { reason } })],
    });
    expect(trouble).toMatchObject({ state: 'Trouble', reason: 'Degraded', refusal: undefined });
    expect(trouble).toHaveProperty('message', expect.stringContaining('influxdb:1.8.10 cannot be pulled'));
  });

  it('tells that memory ran out, and that a larger plan helps', () => {
    const lastState = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    const trouble = stateOf({
      containerStatuses: [
        containerStatus(
          'influxdb',
          { waiting: { reason: 'CrashLoopBackOff' } },
          { lastState, restartCount: 3 },
        ),
      ],
    });
    expect(trouble).toHaveProperty('message', expect.stringContaining('a larger plan helps'));
  });

  it.each([
    ['BootstrapRefused: MetaMissing: the volume holds data but no meta/meta.db', 'MetaMissing'],
    ['BootstrapRefused: MetaCorrupt: meta.db is not readable', 'MetaCorrupt'],
    ['BootstrapRefused: DataNewer: 1.8.10 has opened the data', 'DowngradeRefused'],
  ])('is stalled by %s', (message, reason) => {
    const ended = { exitCode: 10, message: `starting\n${message}\n` };
    const trouble = stateOf({ initContainerStatuses: [containerStatus('bootstrap', { terminated: ended })] });
    expect(trouble).toMatchObject({ state: 'Trouble', reason: 'Blocked', refusal: { reason } });
  });

  it('forgets a refusal that did not come again', () => {
    const refused = { exitCode: 10, message: 'BootstrapRefused: MetaMissing: no meta.db' };
    const healed = containerStatus(
      'bootstrap',
      { terminated: { exitCode: 0 } },
      { lastState: { terminated: refused }, restartCount: 1 },
    );
    expect(stateOf({ ...readyStatus(), initContainerStatuses: [healed] })).toEqual({ state: 'Ready' });
  });
});

describe('whether the data may have been opened', () => {
  const pulling = podOf({
    initContainerStatuses: [containerStatus('bootstrap', { waiting: { reason: 'ImagePullBackOff' } })],
  });
  const begun = podOf({
    initContainerStatuses: [containerStatus('bootstrap', { running: { startedAt: ago(1) } })],
  });
  const beginning = podOf({
    initContainerStatuses: [containerStatus('bootstrap', { waiting: { reason: 'PodInitializing' } })],
  });
  const again = podOf({
    initContainerStatuses: [
      containerStatus('bootstrap', { waiting: { reason: 'ImagePullBackOff' } }, { restartCount: 1 }),
    ],
  });

  it('is seen on the first container', () => {
    expect([pulling, begun, beginning, again].map(mayHaveOpenedData)).toEqual([false, true, false, true]);
  });

  it('is not seen on a container that a kubelet calls terminated and that never was', () => {
    const terminated = { reason: 'ContainerStatusUnknown', exitCode: 137 };
    const ended = (more: object) =>
      podOf({ initContainerStatuses: [containerStatus('bootstrap', { terminated }, more)] });
    expect(mayHaveOpenedData(ended({}))).toBe(false);
    for (const trace of [{ containerID: 'containerd://1' }, { imageID: 'sha256:1' }, { restartCount: 1 }])
      expect(mayHaveOpenedData(ended(trace)), JSON.stringify(trace)).toBe(true);
    expect(cannotBegin(ended({}))).toBe(false);
  });

  it('is ruled out for the future only by an image that cannot be had', () => {
    expect([pulling, begun, beginning, again, podOf({})].map(cannotBegin)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
