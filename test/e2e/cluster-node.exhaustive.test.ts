import { describe, expect, onTestFinished, test } from 'vitest';
import { bedOfAnotherProcess, caretakerOf } from '../cluster/another-owner.ts';
import { waitFor } from '../cluster/bed-api.ts';
import { readBed } from '../cluster/bed.ts';
import { fetchHere } from '../cluster/conformance.ts';
import { leftovers, tracesOf } from '../cluster/leftovers.ts';
import { startNode } from '../cluster/node.ts';
import { sweepDeadBeds, withSweepLock } from '../cluster/teardown.ts';
import { PATIENCE_MS } from '../patience.ts';
import { kube, longestBackOff, namespace, podIP, runPods } from './node-pods.ts';

/** The life of the test bed's nodes beside each other, and every end they may have. */
describe('a node of this machine', () => {
  test('leaves nothing behind when its owner is killed', async () => {
    await using owner = await bedOfAnotherProcess();
    await owner.kill();
    await waitFor('the caretaker', async () => (await leftovers(owner.traces)).length === 0, {
      timeoutMs: PATIENCE_MS,
    });
  });

  test('is swept by the next start when its owner and its caretaker are killed', async () => {
    await using owner = await bedOfAnotherProcess();
    // Under the lock, as any start on this machine may be the next one.
    await withSweepLock(owner.name, async () => {
      process.kill(await caretakerOf(owner.name), 'SIGKILL');
      await owner.kill();
      // The kernel has ended its processes; the rest waits for somebody to come by.
      expect(await leftovers(owner.traces)).toContainEqual(expect.stringMatching(/^folder/));
    });
    await sweepDeadBeds();
    expect(await leftovers(owner.traces)).toEqual([]);
  });

  test('fails loudly, with the end of its log, when a component dies', async () => {
    const failed = Promise.withResolvers<Error>();
    await using node = await startNode({ onFailure: failed.resolve });
    await node.runInside('sh', [
      '-c',
      'kill -9 $(cat /proc/[0-9]*/stat | grep "(containerd)" | head -n 1 | cut -d " " -f 1)',
    ]);
    const error = await failed.promise;
    expect(error.message).toMatch(/^containerd ended/);
    expect(error.message).toContain('last lines of containerd.log');
    expect(node.failure.aborted).toBe(true);
  });

  test('is not disturbed by another one that starts, runs the same pods and ends', async () => {
    const [one, two] = await Promise.all([startNode(), startNode({ realBackOff: true })]);
    onTestFinished(() => Promise.all([one.stop(), two.stop()]).then(() => {}));
    await Promise.all([runPods(one), runPods(two)]);
    expect([await longestBackOff(one), await longestBackOff(two)]).toEqual(['1s', '5m0s']);
    const traces = await tracesOf((await readBed(one.name))!);
    const [ipOne, ipTwo] = [await podIP(one), await podIP(two)];
    expect(await fetchHere(`http://${ipOne}:8080/`)).toBe('hello\n');
    expect(await fetchHere(`http://${ipTwo}:8080/`)).toBe('hello\n');
    expect(ipOne).not.toBe(ipTwo);
    await one.stop();
    expect(await leftovers(traces)).toEqual([]);
    expect(await fetchHere(`http://${ipTwo}:8080/`)).toBe('hello\n');
    const restarts = '{.items[*].status.containerStatuses[*].restartCount}';
    expect(await kube(two, 'get', 'pods', '-n', namespace, '-o', `jsonpath=${restarts}`)).toBe('0 0 0');
  });
});
