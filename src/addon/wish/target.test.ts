import { describe, expect, it } from 'vitest';
import { buildClaim } from '../children/claim.ts';
import { addonOf, contextOf, inForce, live, NO_CHILDREN, planOf, worldOf } from '../testing/fixtures.ts';
import { containerStatus, podOf } from '../testing/pods.ts';
import { resolveTarget } from './target.ts';

const built = buildClaim(contextOf());
const RUNNING = { inForce: inForce('1g'), openedBy: '1.8.10' };

function planIn(className: string | undefined, name = '4g') {
  const plan = planOf(name);
  const storage = { ...plan.spec.storage, ...(className === undefined ? {} : { className }) };
  return { ...plan, spec: { ...plan.spec, storage } };
}

function resolved(className: string | undefined, wish = '4g', facts = RUNNING) {
  const claim = live({ ...built, spec: { ...built.spec, storageClassName: 'standard' } });
  const world = worldOf({
    addon: addonOf({ plan: wish }),
    plan: planIn(className, wish),
    children: { ...NO_CHILDREN, claim },
  });
  return resolveTarget(world, facts);
}

describe('a version whose image is another one in the catalogue by now', () => {
  const wanted = (status: object) => {
    const from = { ...inForce('1g'), version: { name: '1.8.10', image: 'gone/influxdb:1.8.10' } };
    const pod = podOf(status);
    const containers = [{ name: 'influxdb', image: from.version.image }];
    return resolveTarget(worldOf({ pod: { ...pod, spec: { containers } } }), {
      inForce: from,
      openedBy: '1.8.10',
    }).target?.version.image;
  };

  it('is taken as it is now by a pod that cannot begin with the old one, and by no other', () => {
    const bootstrap = (state: object) => ({ initContainerStatuses: [containerStatus('bootstrap', state)] });
    expect(wanted(bootstrap({ waiting: { reason: 'ImagePullBackOff' } }))).toBe('influxdb:1.8.10');
    expect(wanted(bootstrap({ running: {} }))).toBe('gone/influxdb:1.8.10');
    expect(wanted({})).toBe('gone/influxdb:1.8.10');
  });
});

describe('a plan whose volumes are in another storage class', () => {
  it('is refused, with the ways out', () => {
    const { refusal } = resolved('encrypted');
    expect(refusal?.reason).toBe('OtherStorageClass');
    expect(refusal?.message).toMatch(/^spec\.plan: 4g .*encrypted.*standard.*restoreFrom/);
  });

  it.each([
    ['the class that the volume is in', 'standard'],
    ['no class in particular', ''],
    ['nothing about classes', undefined],
  ])('is not one that names %s', (_, className) => {
    expect(resolved(className).refusal).toBeUndefined();
  });

  it('changes nothing when it is the present one that was edited', () => {
    expect(resolved('encrypted', '1g').refusal).toBeUndefined();
  });
});
