import { describe, expect, it } from 'vitest';
import { buildNetworkPolicy } from '../children/network-policy.ts';
import { buildPodTemplate } from '../children/pod/template.ts';
import { buildService } from '../children/service.ts';
import { encode } from '../world/secret-data.ts';
import {
  addonOf,
  contextOf,
  inForce,
  live,
  NO_CHILDREN,
  NOW,
  SETTINGS,
  worldOf,
} from '../testing/fixtures.ts';
import { agentOf, agentSecret, agentSecretAction } from './agent.ts';

const STORE = { backups: { storeRef: { name: 'nightly' } } };
const settings = { ...SETTINGS, backups: { image: 'operator:2', agentImage: 'operator:2', atOnce: 1 } };
const withAgent = { ...inForce(), agent: { image: 'operator:1' } };

async function pairOf(now: Date) {
  const world = worldOf({ addon: addonOf(STORE) });
  const action = agentSecretAction(world, withAgent, now);
  if (action?.do !== 'issueAgentPair') throw new Error('no pair is made');
  return live(await agentSecret(action, now));
}

describe('the agent', () => {
  it('is there for a database that has a store, and for no other', () => {
    expect(agentOf({ addon: addonOf({}), settings }, undefined)).toEqual({});
    expect(agentOf({ addon: addonOf(STORE), settings }, undefined)).toEqual({
      agent: { image: 'operator:2' },
    });
    expect(agentOf({ addon: addonOf(STORE), settings: SETTINGS }, undefined)).toEqual({});
  });

  it('keeps the image that the database was started with', () => {
    expect(agentOf({ addon: addonOf(STORE), settings }, withAgent)).toEqual({
      agent: { image: 'operator:1' },
    });
  });

  it('stands behind the engine, with resources of its own, and nothing asks how it is', () => {
    const { containers = [], volumes = [] } = buildPodTemplate(contextOf({ target: withAgent })).spec ?? {};
    expect(containers.map(({ name }) => name)).toEqual(['influxdb', 'agent']);
    const [, agent] = containers;
    expect(agent).toMatchObject({ image: 'operator:1', resources: { limits: { memory: '128Mi' } } });
    expect(agent).not.toHaveProperty('readinessProbe');
    expect(agent).not.toHaveProperty('livenessProbe');
    expect(volumes.find(({ name }) => name === 'agent')?.secret?.optional).toBe(true);
  });

  it('is of no matter to applications: the Service has the database whatever becomes of the agent', () => {
    expect(buildService(contextOf({ target: withAgent })).spec?.publishNotReadyAddresses).toBe(true);
    expect(buildService(contextOf({ target: inForce() })).spec?.publishNotReadyAddresses).toBeUndefined();
  });

  it('is reached by the Jobs of this addon and by nobody else', () => {
    const rules = buildNetworkPolicy(contextOf({ target: withAgent }))?.spec?.ingress ?? [];
    const forAgent = rules.filter(({ ports }) => ports?.some(({ port }) => port === 'agent'));
    expect(forAgent).toEqual([
      {
        from: [{ podSelector: { matchLabels: { 'influxaddon.dev/backup-job-of': 'my-app' } } }],
        ports: [
          { port: 'http', protocol: 'TCP' },
          { port: 'agent', protocol: 'TCP' },
        ],
      },
    ]);
  });
});

describe('its certificates', () => {
  it('are made once, and again when they are due, edited or half gone', async () => {
    const secret = await pairOf(NOW);
    const look = (agent: typeof secret | undefined, now = NOW) => {
      const children = { ...NO_CHILDREN, agentSecret: agent };
      return agentSecretAction(worldOf({ addon: addonOf(STORE), children }), withAgent, now)?.do;
    };
    const later = (days: number) => new Date(NOW.getTime() + days * 86_400_000);
    expect(look(undefined)).toBe('issueAgentPair');
    expect(look(secret)).toBeUndefined();
    expect(look(secret, later(200))).toBeUndefined();
    expect(look(secret, later(250))).toBe('issueAgentPair');
    const { 'client.crt': _, ...rest } = secret.data ?? {};
    expect(look({ ...secret, data: rest })).toBe('issueAgentPair');
    const other = await pairOf(NOW);
    expect(look({ ...secret, data: { ...secret.data, 'ca.crt': other.data?.['ca.crt'] ?? '' } })).toBe(
      'issueAgentPair',
    );
    expect(look({ ...secret, data: encode({ 'ca.crt': 'x' }) })).toBe('issueAgentPair');
  });

  it('go when there is no store any more', async () => {
    const children = { ...NO_CHILDREN, agentSecret: await pairOf(NOW) };
    expect(agentSecretAction(worldOf({ addon: addonOf({}), children }), inForce(), NOW)).toMatchObject({
      do: 'delete',
    });
  });
});
