import { defineConfig } from 'vitest/config';

/** Three layers: beside the code; on a real control plane; on a real node with real InfluxDB. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['{src,build,test/cluster}/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          // Each file has a control plane of its own, and mostly waits: two share two cores well.
          maxWorkers: 2,
          // They wait for a control plane more than they compute.
          maxConcurrency: 16,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
