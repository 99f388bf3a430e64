import { expect, test } from 'vitest';
import { sbomOf } from './sbom.ts';

const LOCK = {
  packages: {
    '': { name: 'operator', version: '0.1.0', license: 'Apache-2.0' },
    'node_modules/a': { version: '1.2.3', license: 'MIT', integrity: `sha512-${'AAAA'.repeat(2)}` },
    'node_modules/a/node_modules/@scope/b': { version: '2.0.0', license: '(MIT OR GPL-2.0)' },
    'node_modules/unused': { version: '9.9.9', license: 'MIT' },
  },
};

test('says of each package what the lock file says, of packages in packages and of scopes too, and of no other', () => {
  const folders = ['node_modules/a/node_modules/@scope/b', 'node_modules/a'];
  const { metadata, components } = JSON.parse(sbomOf('operator', LOCK, folders)) as {
    metadata: object;
    components: object[];
  };
  expect(metadata).toEqual({
    component: {
      type: 'application',
      'bom-ref': 'pkg:npm/operator@0.1.0',
      name: 'operator',
      version: '0.1.0',
      licenses: [{ license: { id: 'Apache-2.0' } }],
      purl: 'pkg:npm/operator@0.1.0',
    },
  });
  expect(components).toEqual([
    {
      type: 'library',
      'bom-ref': 'pkg:npm/%40scope/b@2.0.0',
      name: '@scope/b',
      version: '2.0.0',
      licenses: [{ expression: '(MIT OR GPL-2.0)' }],
      purl: 'pkg:npm/%40scope/b@2.0.0',
    },
    {
      type: 'library',
      'bom-ref': 'pkg:npm/a@1.2.3',
      name: 'a',
      version: '1.2.3',
      licenses: [{ license: { id: 'MIT' } }],
      purl: 'pkg:npm/a@1.2.3',
      hashes: [{ alg: 'SHA-512', content: '000000000000' }],
    },
  ]);
});

test('is the same in whatever order the packages are found, and fails for one that is not locked', () => {
  const folders = ['node_modules/a', 'node_modules/a/node_modules/@scope/b'];
  expect(sbomOf('operator', LOCK, folders.toReversed())).toBe(sbomOf('operator', LOCK, folders));
  expect(() => sbomOf('operator', LOCK, ['node_modules/c'])).toThrow('does not know node_modules/c');
});
