import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Seconds that the slow files take on two cores, roughly. With two workers the longest must start first, or one of
 * them idles while the other is at it; and everybody gets the same order, which vitest's own cache does not give.
 */
export const SECONDS: Readonly<Record<string, number>> = {
  'test/integration/sweeps': 240,
  'test/integration/backups': 50,
  'test/integration/faults': 50,
  'test/integration/rights': 55,
  'test/integration/backup/store-faults': 31,
  'test/integration/drift': 60,
  'test/integration/provisioning': 60,
  'test/integration/bad-input': 60,
  'test/integration/bad-cluster': 60,
  'test/integration/influx-bootstrap': 55,
  'test/integration/influx-engine': 55,
  'test/integration/deletion': 50,
  'test/integration/secrets': 45,
  'test/integration/maintenance': 45,
  'test/integration/data-fit': 45,
  'test/integration/changes': 45,
  'test/integration/binding': 42,
  'test/integration/cli': 32,
  'test/integration/alerts': 15,
  'test/integration/chart-values': 11,
  'test/e2e/operator-installed': 170,
  'test/e2e/operator-provisioning': 120,
  'test/e2e/operator-services': 110,
  'test/e2e/changes': 83,
  'test/reports/reports': 600,
  'src/addon/decide.simulation': 30,
  'src/addon/decide.surprises.simulation': 20,
  'src/addon/rotation/rotation.simulation': 20,
  'build/testing/run': 11,
  'build/bundle-cli': 12,
  'src/addon/maintenance/maintenance.simulation': 10,
  'src/addon/decide.stories': 6,
  'src/backup-controllers/backups/places': 6,
  'src/admission/keep-certificate': 5,
  'src/versions/paths': 5,
};

/** The exhaustive part of a file is taken to be as long as the file was. */
export function expectedSeconds(file: string, bytes: number): number {
  const name = file.replace(/(\.exhaustive)?\.test\.ts$/, '');
  // A file that is not known is long when it has much to say; none outranks those that are known to be slow.
  return SECONDS[name] ?? Math.min(bytes / 1_000, 40) * (name.startsWith('test/') ? 1 : 0.05);
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const keyed = files.map((file) => {
      const name = relative(this.ctx.config.root, file.moduleId);
      return { file, name, seconds: expectedSeconds(name, statSync(file.moduleId).size) };
    });
    return keyed
      .toSorted((a, b) => b.seconds - a.seconds || (a.name < b.name ? -1 : 1))
      .map(({ file }) => file);
  }
}
