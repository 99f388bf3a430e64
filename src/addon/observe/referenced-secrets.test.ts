import { describe, expect, it } from 'vitest';
import type { Secret } from '../../kube/objects/kinds.ts';
import type { Store } from '../../kube/store/store.ts';
import type { Live } from '../../kube/objects/types.ts';
import { ReferencedSecrets } from './referenced-secrets.ts';
import { live } from '../testing/fixtures.ts';

const MINE = 'shop/mine';

function secretOf(name: string): Live<Secret> {
  return live({ metadata: { name, namespace: 'shop' } } as Secret);
}

/** Watches that a test answers by hand. */
class Answers {
  readonly stores = new Map<string, Store<Secret>>();
  readonly begun: string[] = [];
  readonly changed: string[] = [];
  readonly secrets = new ReferencedSecrets();
  readonly #stop = new AbortController();
  readonly running: Promise<void>;

  constructor() {
    this.secrets.onChange((key) => this.changed.push(key));
    this.running = this.secrets.run((key, store, signal) => {
      this.begun.push(key);
      this.stores.set(key, store);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          this.stores.delete(key);
          resolve();
        });
      });
    }, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.running;
  }
}

describe('Secrets that addons refer to', () => {
  it('are watched once however many addons follow, and no longer than the last of them', () => {
    const { secrets, begun, stores } = new Answers();
    secrets.follow('shop/a', MINE);
    secrets.follow('shop/b', MINE);
    secrets.follow('shop/b', MINE);
    expect(begun).toEqual([MINE]);
    secrets.follow('shop/a', undefined);
    expect(stores.has(MINE)).toBe(true);
    secrets.follow('shop/b', 'shop/other');
    expect([...stores.keys()]).toEqual(['shop/other']);
    secrets.follow('shop/b', undefined);
    expect(secrets.size).toBe(0);
    expect(stores.size).toBe(0);
  });

  it('are unknown before the first answer, and then there or missing', async () => {
    const { secrets, stores, changed } = new Answers();
    expect(secrets.get(MINE)).toBe('Unknown');
    secrets.follow('shop/a', MINE);
    expect(secrets.get(MINE)).toBe('Unknown');
    stores.get(MINE)?.replace([], '5');
    await Promise.resolve();
    expect(secrets.get(MINE)).toBe('Missing');
    expect(changed).toEqual(['shop/a']);
    const mine = secretOf('mine');
    stores.get(MINE)?.upsert(mine);
    expect(secrets.get(MINE)).toMatchObject({ metadata: { uid: mine.metadata.uid } });
    expect(changed).toEqual(['shop/a', 'shop/a']);
  });

  it('are known anew by an addon that comes back to them', () => {
    const { secrets, stores } = new Answers();
    secrets.follow('shop/a', MINE);
    stores.get(MINE)?.replace([secretOf('mine')], '5');
    secrets.follow('shop/a', undefined);
    secrets.follow('shop/a', MINE);
    expect(secrets.get(MINE)).toBe('Unknown');
  });

  it('that were named before there was a connection are watched once there is', async () => {
    const secrets = new ReferencedSecrets();
    secrets.follow('shop/a', MINE);
    const begun: string[] = [];
    const stop = new AbortController();
    const running = secrets.run((key) => {
      begun.push(key);
      return Promise.resolve();
    }, stop.signal);
    expect(begun).toEqual([MINE]);
    stop.abort();
    await running;
  });

  it('are let go when the operator ends', async () => {
    const answers = new Answers();
    answers.secrets.follow('shop/a', MINE);
    await answers.stop();
    expect(answers.stores.size).toBe(0);
  });
});
