import type { InfluxAddon as Addon } from '../../api/influx-addon.ts';
import { KubeClient } from '../../kube/api/client.ts';
import type { Live } from '../../kube/objects/types.ts';
import { FakeApi } from '../../kube/testing/fake-api.ts';
import { FakeTransport } from '../../kube/testing/fake-transport.ts';
import type { Tool, Visitor } from '../visitor.ts';

/** A cluster in memory, and a visitor who may do everything in it. */
export function fakeDesk() {
  const api = new FakeApi();
  const transport = new FakeTransport(api);
  const client = new KubeClient(transport, { fieldManager: 'test' });
  const visitor: Visitor = {
    client,
    namespace: 'shop',
    text: async function* () {
      yield Buffer.from('a line\n');
    },
    json: async () => ({}),
    forward: async () => await Promise.reject(new Error('there is no database here')),
  };
  return { api, transport, client, visitor };
}

export function addonNamed(name: string, more: Partial<Addon> = {}): Addon {
  return { metadata: { namespace: 'shop', name }, spec: { plan: '1g' }, ...more };
}

/** Says what it was asked. */
export const ECHO: Tool = {
  run: async (_, addon, command) => ({ said: [JSON.stringify({ addon, command })], noted: [] }),
  story: ({ metadata }: Live<Addon>) => [`${metadata.name}: a story`],
  settings: () => [['Force TLS', 'Disabled']],
  download: ({ metadata: { name } }) => ({ possible: false, why: `${name} is an echo` }),
  url: async () => 'http://a_1:secret@host/a_1',
};

/** What was sent over a stream, and waiting for it. */
export class Sent {
  readonly messages: { readonly name: string; readonly data: unknown }[] = [];
  #waiting: (() => void) | undefined;

  readonly send = async (name: string, data: unknown): Promise<void> => {
    this.messages.push({ name, data });
    this.#waiting?.();
  };

  /** The first message that is so, of those that were sent and those that will be. */
  async until(is: (message: { name: string; data: unknown }) => boolean): Promise<unknown> {
    for (;;) {
      const found = this.messages.find(is);
      if (found !== undefined) return found.data;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }
}
