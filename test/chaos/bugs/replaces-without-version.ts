import type { SeededBug } from './seeded-bug.ts';

export const replacesWithoutVersion: SeededBug = {
  name: 'replaces-without-version',
  about: 'an object is replaced whatever it has become',
  shape: 'rabbitmq/cluster-operator 653: an old view of a size restarts what has gone on',
  file: 'kube/api/client.ts',
  find: `      path: pathOf(kind, keyIn(object)),
      query: this.#writeQuery(),
      body: typed(kind, object),
      ...given({ signal }),
    })) as Live<T>;
  }

  /** What the API server would say`,
  replace: `      path: pathOf(kind, keyIn(object)),
      query: this.#writeQuery(),
      body: typed(kind, { ...object, metadata: { ...object.metadata, resourceVersion: undefined } } as unknown as T),
      ...given({ signal }),
    })) as Live<T>;
  }

  /** What the API server would say`,
  caughtBy: 'plan-there-and-back/stale/InfluxAddon/my-app~1',
};
