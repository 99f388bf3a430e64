import { NetworkPolicy, Secret, Service, StatefulSet } from '../../../src/kube/objects/kinds.ts';
import { ADDON, INJECTED } from '../lab/stage.ts';
import type { Scenario } from '../scenario.ts';

export const childrenEdited: Scenario = {
  name: 'children-edited',
  about: 'somebody edits every child',
  engine: 'Fake',
  setup: async (stage) => {
    await stage.app();
    await stage.addon({ apps: [...INJECTED] });
  },
  act: async (stage) => {
    const name = `${ADDON}-influx`;
    await stage.patch(Service, name, { spec: { ports: [{ name: 'influx', port: 9999, targetPort: 8086 }] } });
    await stage.patch(NetworkPolicy, name, { spec: { ingress: [] } });
    const data = { INFLUX_URL: Buffer.from('http://elsewhere').toString('base64') };
    await stage.patch(Secret, name, { data });
    await stage.patch(Secret, `${name}-binding`, { data: { password: null } });
    await stage.patch(Secret, `${name}-admin`, { metadata: { labels: null } });
    await stage.patch(StatefulSet, name, { spec: { replicas: 0 } });
  },
};
