import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './build/testing/sequencer.ts';
import { exhaustive } from './test/size.ts';

/** How many times slower than the machine on which limits were set; the runner measures it. */
const slowness = Number(process.env['TEST_SLOWNESS'] ?? 1);
const patient = { testTimeout: 600_000 * slowness, hookTimeout: 600_000 * slowness };

const all = {
  setupFiles: ['test/setup.ts'],
  exclude: [...configDefaults.exclude, ...(exhaustive ? [] : ['**/*.exhaustive.test.ts'])],
};

/**
 * Beside the code; on a real control plane; on a real node with real InfluxDB; there again, by kubectl and Helm alone.
 * See test/README.md.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...all,
          name: 'unit',
          include: ['{src,build,test/cluster,test/chaos}/**/*.test.ts'],
          testTimeout: 30_000 * slowness,
          // They compute and wait for nothing.
          maxWorkers: 2,
          // One process and one graph of modules for all files of a worker, as most of them are done in milliseconds.
          // What a test changes of its process it puts back.
          isolate: false,
        },
      },
      {
        test: {
          ...all,
          ...patient,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // Each file has a control plane of its own, and mostly waits: two share two cores well.
          maxWorkers: 2,
          // They wait for a control plane more than they compute.
          maxConcurrency: 16,
        },
      },
      {
        test: {
          ...all,
          ...patient,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          // Addons on the one node of a file.
          maxConcurrency: 8,
        },
      },
      {
        test: {
          ...all,
          ...patient,
          name: 'reports',
          include: ['test/reports/**/*.test.ts'],
          fileParallelism: false,
          // Each has a database and an app, and starts many a kubectl.
          maxConcurrency: 5,
        },
      },
    ],
  },
});
