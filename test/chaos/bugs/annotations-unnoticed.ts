import type { SeededBug } from './seeded-bug.ts';

export const annotationsUnnoticed: SeededBug = {
  name: 'annotations-unnoticed',
  about: 'an annotation that goes away with an edit of the spec is not noticed',
  shape: 'rabbitmq/cluster-operator 758: a request that came while another was handled is never followed',
  file: 'kube/store/store.ts',
  find: '      this.#put(key, this.#slim(object, present));\n    }\n    this.reached(version);',
  replace:
    '      const kept = { ...present?.metadata.annotations, ...object.metadata.annotations };\n      this.#put(key, this.#slim({ ...object, metadata: { ...object.metadata, annotations: kept } }, present));\n    }\n    this.reached(version);',
  caughtBy: 'pause-and-resume/undisturbed',
};
