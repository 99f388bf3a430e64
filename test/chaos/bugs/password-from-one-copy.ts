import type { SeededBug } from './seeded-bug.ts';

export const passwordFromOneCopy: SeededBug = {
  name: 'password-from-one-copy',
  about: 'the copies of the password in the other Secrets are not looked at',
  file: 'addon/identity/settle.ts',
  find: '      loginInUrl(sources.urlSecret),\n      loginInBinding(sources.bindingSecret),\n',
  replace: '',
  caughtBy: 'admin-secret-deleted/undisturbed',
};
