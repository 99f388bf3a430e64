import type { SeededBug } from './seeded-bug.ts';

export const readyUnasked: SeededBug = {
  name: 'ready-unasked',
  about: 'a pod that is ready is taken for a database that answers',
  file: 'addon/database/state.ts',
  find: "if (knowledge === undefined) return { state: 'Act', action: { do: 'askDatabase', access } };",
  replace: "if (knowledge === undefined) return { state: 'Answering', verified: true, recheckMs: 40_000 };",
  caughtBy: 'provision-injected/undisturbed',
};
