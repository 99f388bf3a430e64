import { describe, expect, it } from 'vitest';
import { SideBySide } from './side-by-side.ts';

function held(): { promise: Promise<void>; end: () => void } {
  let end = (): void => {};
  const promise = new Promise<void>((resolve) => (end = resolve));
  return { promise, end };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('layers side by side', () => {
  it('run at the same time, and what is run once more waits for all of them', async () => {
    const layers = new SideBySide(2);
    const [one, other] = [held(), held()];
    const said: string[] = [];
    const first = layers.beside(() => one.promise).then(() => said.push('one'));
    const again = first.then(() => layers.alone(async () => said.push('again')));
    const second = layers.beside(() => other.promise).then(() => said.push('other'));
    one.end();
    await first;
    await turn();
    expect(said).toEqual(['one']);
    other.end();
    await Promise.all([second, again]);
    expect(said.toSorted()).toEqual(['again', 'one', 'other']);
    expect(said.indexOf('again')).toBeGreaterThan(said.indexOf('one'));
  });

  it('wait for one that has not begun yet', async () => {
    const layers = new SideBySide(2);
    await layers.beside(() => Promise.resolve());
    const said: string[] = [];
    const again = layers.alone(async () => said.push('again'));
    await turn();
    expect(said).toEqual([]);
    await layers.beside(async () => said.push('late'));
    await again;
    expect(said).toEqual(['late', 'again']);
  });

  it('run what is run once more one after the other, also when it fails', async () => {
    const layers = new SideBySide(0);
    let under = 0;
    const alone = (fails: boolean) =>
      layers.alone(async () => {
        under += 1;
        await turn();
        expect(under).toBe(1);
        under -= 1;
        if (fails) throw new Error('failed');
        return 'done';
      });
    const results = await Promise.allSettled([alone(true), alone(false), alone(false)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });

  it('go on when a layer breaks', async () => {
    const layers = new SideBySide(1);
    await expect(layers.beside(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await layers.alone(async () => 'again')).toBe('again');
  });
});
