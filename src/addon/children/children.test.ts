import { describe, expect, it } from 'vitest';
import { decode } from '../world/secret-data.ts';
import { addonOf, contextOf, FACTS, inForce, live, REACHED } from '../testing/fixtures.ts';
import { buildAdminSecret } from './admin-secret.ts';
import { buildBindingSecret } from './binding-secret.ts';
import { buildClaim } from './claim.ts';
import { buildExternalService } from './external-service.ts';
import { CHILDREN } from './index.ts';
import { buildNetworkPolicy } from './network-policy.ts';
import { buildService } from './service.ts';
import { buildUrlSecret } from './url-secret.ts';

const context = contextOf();
const reached = contextOf({ addon: addonOf(REACHED) });
const URL_OF_MY_APP = `http://${FACTS.id}:${FACTS.password}@my-app-influx.shop.svc.cluster.local:8086/${FACTS.id}`;

describe('the children', () => {
  it('are made in an order in which each finds what it is derived from', () => {
    expect(CHILDREN.map(({ slot }) => slot)).toEqual([
      'adminSecret',
      'claim',
      'urlSecret',
      'bindingSecret',
      'service',
      'networkPolicy',
      'statefulSet',
      'externalService',
    ]);
  });

  it('carry the five labels of Kubernetes and the one of the addon; without an owner, none to be pruned by', () => {
    for (const { build } of CHILDREN) {
      const { labels, annotations, ownerReferences } = build(reached)?.metadata ?? {};
      const isKept = ownerReferences === undefined;
      expect(labels).toEqual({
        'app.kubernetes.io/name': 'influxdb',
        ...(isKept ? {} : { 'app.kubernetes.io/instance': 'my-app' }),
        'app.kubernetes.io/component': 'database',
        'app.kubernetes.io/part-of': 'influxaddon',
        'app.kubernetes.io/managed-by': 'influxaddon-operator',
        'influxaddon.dev/addon': 'my-app',
      });
      const options = annotations?.['argocd.argoproj.io/sync-options'];
      expect(options).toBe(isKept ? 'Prune=false,Delete=false' : undefined);
    }
  });

  it('go with their addon, but for the volume and the administrator', () => {
    const kept = CHILDREN.filter(({ build }) => build(reached)?.metadata?.ownerReferences === undefined);
    expect(kept.map(({ slot }) => slot)).toEqual(['adminSecret', 'claim']);
  });

  it('show the passwords in Secrets only', () => {
    const others = CHILDREN.filter(({ kind }) => kind.kind !== 'Secret').map(({ build }) => build(context));
    for (const secret of [FACTS.password, FACTS.adminPassword])
      expect(JSON.stringify(others)).not.toContain(secret);
  });
});

describe('the URL Secret', () => {
  it('holds the two variables and nothing else, so that envFrom gives exactly these', () => {
    expect(decode(buildUrlSecret(context))).toEqual({
      SCALINGO_INFLUX_URL: URL_OF_MY_APP,
      INFLUX_URL: URL_OF_MY_APP,
    });
  });

  it('follows prefix and alias; an empty alias is none', () => {
    const addon = addonOf({ connection: { prefix: 'METRICS', alias: '' } });
    expect(Object.keys(decode(buildUrlSecret({ ...context, addon })))).toEqual(['METRICS_URL']);
  });

  it('knows no password but the one of the application', () => {
    expect(JSON.stringify(decode(buildUrlSecret(context)))).not.toContain(FACTS.adminPassword);
    expect(JSON.stringify(decode(buildBindingSecret(context)))).not.toContain(FACTS.adminPassword);
  });
});

describe('the binding Secret', () => {
  it('is one of the Service Binding specification', () => {
    const secret = buildBindingSecret(context);
    expect(secret.type).toBe('servicebinding.io/influxdb');
    expect(decode(secret)).toEqual({
      type: 'influxdb',
      provider: 'influxaddon.dev',
      host: 'my-app-influx.shop.svc.cluster.local',
      port: '8086',
      database: FACTS.id,
      username: FACTS.id,
      password: FACTS.password,
      uri: URL_OF_MY_APP,
    });
  });
});

describe('the admin Secret', () => {
  it('holds all that has to outlive the addon', () => {
    expect(decode(buildAdminSecret(context))).toMatchObject({
      id: FACTS.id,
      username: FACTS.id,
      password: FACTS.password,
      'admin-username': 'admin',
      'admin-password': FACTS.adminPassword,
      'opened-by-version': '1.8.10',
      'in-force': JSON.stringify(inForce()),
    });
  });
});

describe('the volume claim', () => {
  it('is one volume of the size of the plan, for one pod, with the durable facts on it', () => {
    const { spec, metadata } = buildClaim(context);
    expect(spec).toMatchObject({
      accessModes: ['ReadWriteOncePod'],
      resources: { requests: { storage: '20Gi' } },
    });
    expect(spec).not.toHaveProperty('storageClassName');
    expect(metadata?.annotations).toMatchObject({
      'influxaddon.dev/id': FACTS.id,
      'influxaddon.dev/opened-by-version': '1.8.10',
      'influxaddon.dev/plan-storage': '20Gi',
      'influxaddon.dev/made-for': 'addon-uid',
    });
  });

  it('never asks for less than it has', () => {
    const claim = live(buildClaim(contextOf({ target: inForce('2g') })));
    const smaller = buildClaim(contextOf({ children: { ...context.children, claim } }));
    expect(smaller.spec?.resources?.requests?.['storage']).toBe('40Gi');
    expect(smaller.metadata?.annotations?.['influxaddon.dev/plan-storage']).toBe('20Gi');
  });

  it('stays the volume of whom it was made for', () => {
    const claim = live(buildClaim(context));
    const heir = addonOf({}, { metadata: { uid: 'another-uid' } });
    const kept = buildClaim(contextOf({ addon: heir, children: { ...context.children, claim } }));
    expect(kept.metadata?.annotations?.['influxaddon.dev/made-for']).toBe('addon-uid');
  });
});

describe('the Service', () => {
  it('shows the HTTP port of the database pod and no other', () => {
    expect(buildService(context).spec).toEqual({
      type: 'ClusterIP',
      selector: { 'app.kubernetes.io/name': 'influxdb', 'influxaddon.dev/addon': 'my-app' },
      ports: [{ name: 'http', port: 8086, protocol: 'TCP', targetPort: 'http' }],
    });
  });
});

describe('the network policy', () => {
  const peers = (policy: 'Namespace' | 'Bound', from = {}) =>
    buildNetworkPolicy({
      ...context,
      addon: addonOf({ access: { policy, ...from } }),
      appSelectors: [{ matchLabels: { app: 'web' } }],
    })?.spec?.ingress?.[0]?.from;
  const operator = {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'influxaddon-system' } },
    podSelector: { matchLabels: { 'app.kubernetes.io/name': 'influxaddon-operator' } },
  };

  it('lets in the pods of the namespace and the operator', () => {
    expect(peers('Namespace')).toEqual([{ podSelector: {} }, operator]);
  });

  it('lets in only bound apps, the pods named beside them, and the operator', () => {
    const monitoring = { podSelector: { matchLabels: { app: 'monitoring' } } };
    expect(peers('Bound', { from: [monitoring] })).toEqual([
      { podSelector: { matchLabels: { app: 'web' } } },
      monitoring,
      operator,
    ]);
  });

  it('does not exist for Open', () => {
    expect(
      buildNetworkPolicy({ ...context, addon: addonOf({ access: { policy: 'Open' } }) }),
    ).toBeUndefined();
  });

  it('stays for Open while the Service outside takes its time to go', () => {
    const externalService = live(buildExternalService(reached) ?? {});
    const children = { ...context.children, externalService };
    const built = buildNetworkPolicy({
      ...context,
      children,
      addon: addonOf({ access: { policy: 'Open' } }),
    });
    expect(built?.spec?.ingress?.[0]?.from).toEqual([{ namespaceSelector: {} }]);
  });

  it.each(['Namespace', 'Bound', 'Open'] as const)(
    'lets in the listed addresses outside as well under %s, and nobody to another port',
    (policy) => {
      const outside = ['203.0.113.0/24', '2001:db8::/32'];
      const built = buildNetworkPolicy({ ...context, addon: addonOf({ access: { policy } }), outside });
      expect(built?.spec?.ingress).toHaveLength(1);
      const [rule] = built?.spec?.ingress ?? [];
      expect(rule?.ports).toEqual([{ port: 'http', protocol: 'TCP' }]);
      expect(rule?.from?.slice(-2)).toEqual(outside.map((cidr) => ({ ipBlock: { cidr } })));
      // Open is for every pod of the cluster, not for every address in the world.
      if (policy === 'Open') expect(rule?.from?.slice(0, -2)).toEqual([{ namespaceSelector: {} }]);
    },
  );
});
