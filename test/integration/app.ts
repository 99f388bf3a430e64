import type { Deployment } from '../../src/kube/objects/kinds.ts';

/** An application of one replica that knows nothing of its database. */
export function appOf(namespace: string, name = 'web'): Deployment {
  const labels = { app: name };
  const container = { name: 'main', image: 'registry.example/app:1' };
  return {
    metadata: { namespace, name },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}
