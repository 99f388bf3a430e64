import type { SeededBug } from './seeded-bug.ts';

export const lostLabelsForeign: SeededBug = {
  name: 'lost-labels-foreign',
  about: 'an object of its own that lost its labels is taken for that of somebody else',
  file: 'addon/act/objects.ts',
  find: "return labelled ? 'Ours' : 'LostLabels';",
  replace: "return labelled ? 'Ours' : 'Foreign';",
  caughtBy: 'children-edited/undisturbed',
};
