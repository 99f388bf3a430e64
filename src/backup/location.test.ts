import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BackupLocation, backupKeys, locationOfManifest } from './location.ts';

const HERE: BackupLocation = { cluster: 'c1', namespace: 'shop', addonId: 'my_app_1', uid: '0123abcd-0000' };

describe('the keys of a backup', () => {
  it('are made of its identifiers and lie in a folder of its own', () => {
    const { folder, archive, manifest } = backupKeys('team/a', HERE);
    expect(folder).toBe('team/a/c1/shop/my_app_1/0123abcd-0000/');
    expect([archive, manifest].every((key) => key.startsWith(folder))).toBe(true);
    expect(locationOfManifest('team/a', manifest)).toEqual(HERE);
    expect(locationOfManifest('', backupKeys('', HERE).manifest)).toEqual(HERE);
    expect(locationOfManifest('team', manifest)).toBeUndefined();
    expect(locationOfManifest('team/a', archive)).toBeUndefined();
  });

  it('are refused for anything that leads elsewhere', () => {
    for (const part of ['cluster', 'namespace', 'addonId', 'uid'] as const)
      for (const bad of ['..', '.', '', 'a/b', '../x', 'A B', 'x\u0000y', 'ü'])
        expect(() => backupKeys('', { ...HERE, [part]: bad }), `${part}=${bad}`).toThrow();
    for (const bad of ['../x', 'a/../b', '/a', 'a/', 'a//b', './a', '..'])
      expect(() => backupKeys(bad, HERE), bad).toThrow();
  });

  it('of two backups never lie in one another’s folder', () => {
    const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
    const location = fc.record({
      cluster: name,
      namespace: name,
      addonId: fc.stringMatching(/^[a-z0-9_]{1,12}$/),
      uid: fc.stringMatching(/^[a-z0-9][a-z0-9-]{7,12}$/),
    });
    fc.assert(
      fc.property(location, location, (one, other) => {
        if (JSON.stringify(one) === JSON.stringify(other)) return;
        expect(backupKeys('p', one).folder.startsWith(backupKeys('p', other).folder)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});
