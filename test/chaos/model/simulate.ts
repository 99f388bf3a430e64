import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Plays so many stories of the simulation in src/addon; false when one of them goes wrong, whose seed is printed. */
export async function simulate(stories: number): Promise<boolean> {
  const child = spawn(
    'node_modules/.bin/vitest',
    ['run', '--project', 'unit', 'src/addon/decide.simulation.test.ts'],
    { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, SIMULATIONS: String(stories) } },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}
