import { describe, expect, it } from 'vitest';
import { type RequestedRight, wrongRights } from './rights-used.ts';

const GET = { group: 'apps', resource: 'deployments', verb: 'get' };
const PATCH = { group: '', resource: 'pods/status', verb: 'patch' };

function asked(right: typeof GET, granted = true): RequestedRight {
  return { ...right, granted };
}

describe('rights, held against what an operator asked for', () => {
  it('are right when each was used, however often it was granted', () => {
    expect(wrongRights([GET, GET, PATCH], [asked(PATCH), asked(GET), asked(GET, false)])).toEqual([]);
  });

  it('are too many when one was never used, or only where it was refused', () => {
    expect(wrongRights([GET, PATCH], [asked(GET)])).toEqual(['patch pods/status: granted and never used']);
    expect(wrongRights([GET], [asked(GET, false)])).toEqual(['get deployments.apps: granted and never used']);
  });

  it('are too few when something was asked for that no role has', () => {
    expect(wrongRights([GET], [asked(GET), asked(PATCH, false)])).toEqual([
      'patch pods/status: asked for, by no role granted',
    ]);
  });

  it('need no request where the API server itself asks for them', () => {
    const bind = { group: 'rbac.authorization.k8s.io', resource: 'clusterroles', verb: 'bind' };
    expect(wrongRights([bind], [])).toEqual([]);
  });
});
