import { expect } from 'vitest';
import type { OperatorNode } from '../operator-node.ts';
import type { Addon, Space } from '../space.ts';
import { longestGap, type Outages } from './outages.ts';
import { PodWatch } from './pod-watch.ts';
import { Writer } from './writer.ts';

export const ADDON = 'my-app';

/** A step is done when the new revision of the app has been writing for so long. */
const STEADY_MS = 1_500;

/** An addon with an app that writes through it all the time, and what is counted of both. */
export class Scene implements AsyncDisposable {
  readonly space: Space;
  readonly writer: Writer;
  readonly pods: PodWatch;

  private constructor(space: Space, writer: Writer, pods: PodWatch) {
    this.space = space;
    this.writer = writer;
    this.pods = pods;
  }

  static async open(node: OperatorNode, namespace: string, spec: object): Promise<Scene> {
    const space = await node.space(namespace);
    const writer = await Writer.deploy(node.node, space, 'web', ADDON);
    await space.create(ADDON, { ...spec, apps: [{ name: 'web', env: 'Inject' }] });
    await settled(space);
    const pods = await PodWatch.of(space, ADDON);
    const scene = new Scene(space, writer, pods);
    await scene.writing(0, []);
    return scene;
  }

  /**
   * Makes one edit, and whatever `meanwhile` does while it is carried out. Expects that the database is stopped and
   * started once, the app restarted once, and that the app then writes.
   */
  async change(
    step: string,
    spec: object,
    outages: Outages,
    meanwhile: () => Promise<void> = async () => {},
  ): Promise<void> {
    const before = {
      pods: this.pods.count,
      revisions: await this.writer.revisions(),
      writers: (await this.writer.last()).map(({ writer }) => writer),
    };
    const from = Date.now();
    await this.space.edit(ADDON, spec);
    await meanwhile();
    await settled(this.space);
    const to = await this.writing(from, before.writers);
    outages.add(step, longestGap(await this.writer.acks(), from, to));
    const after = { pods: this.pods.count, revisions: await this.writer.revisions() };
    expect(after, step).toEqual({ pods: before.pods + 1, revisions: before.revisions + 1 });
    expect((await this.writer.last()).length, step).toBe(before.writers.length + 1);
    expect((await this.space.pod(ADDON)).status.containerStatuses?.[0]?.restartCount, step).toBe(0);
  }

  /** Waits until a pod of the app that is none of `others` writes steadily; returns a moment at which it did. */
  async writing(from: number, others: readonly string[]): Promise<number> {
    let first: number | undefined;
    return this.space.until('points of a new pod of the app', async () => {
      const fresh = (await this.writer.last()).find(
        ({ writer, at }) => !others.includes(writer) && at > from,
      );
      first ??= fresh?.at;
      return fresh !== undefined && fresh.at - (first ?? 0) >= STEADY_MS && fresh.at;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pods[Symbol.asyncDispose]();
  }
}

/** Waits until what was asked for is in force and every bound app runs with it. */
async function settled(space: Space): Promise<Addon> {
  return space.until('the addon to be Ready and its apps current', async () => {
    const addon = await space.addon(ADDON);
    if (addon.status?.observedGeneration !== addon.metadata.generation) return undefined;
    const is = (type: string) => addon.status?.conditions?.find((each) => each.type === type)?.status;
    return is('Ready') === 'True' && (is('AppsCurrent') ?? 'True') === 'True' && addon;
  });
}
