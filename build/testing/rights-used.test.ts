import { describe, expect, it } from 'vitest';
import { missingRights, type RequestedRight, unusedRights } from './rights-used.ts';

const GET = { group: 'apps', resource: 'deployments', verb: 'get' };
const PATCH = { group: '', resource: 'pods/status', verb: 'patch' };

function asked(right: typeof GET, granted = true): RequestedRight {
  return { ...right, granted };
}

describe('rights, held against what an operator asked for', () => {
  it('are right when each was used, however often it was granted', () => {
    const requests = [asked(PATCH), asked(GET), asked(GET, false)];
    expect(unusedRights([GET, GET, PATCH], requests)).toEqual([]);
    expect(missingRights([GET, GET, PATCH], requests)).toEqual([]);
  });

  it('are too many when one was never used, or only where it was refused', () => {
    expect(unusedRights([GET, PATCH], [asked(GET)])).toEqual(['patch pods/status: granted and never used']);
    expect(unusedRights([GET], [asked(GET, false)])).toEqual([
      'get deployments.apps: granted and never used',
    ]);
  });

  it('are too few when something was asked for that no role has', () => {
    expect(missingRights([GET], [asked(GET), asked(PATCH, false)])).toEqual([
      'patch pods/status: asked for, by no role granted',
    ]);
  });

  it('need no request where the API server itself asks for them', () => {
    const bind = { group: 'rbac.authorization.k8s.io', resource: 'clusterroles', verb: 'bind' };
    expect(unusedRights([bind], [])).toEqual([]);
  });
});
