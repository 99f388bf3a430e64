import { spawn } from 'node:child_process';
import { once } from 'node:events';

const FILES = ['src/addon/decide.simulation.test.ts', 'src/addon/decide.surprises.simulation.test.ts'];

/** Plays so many stories of each simulation in src/addon; false when one of them goes wrong, whose seed is printed. */
export async function simulate(stories: number): Promise<boolean> {
  const child = spawn('node_modules/.bin/vitest', ['run', '--project', 'unit', ...FILES], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SIMULATIONS: String(stories) },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}
