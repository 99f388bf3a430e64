import type { SeededBug } from './seeded-bug.ts';

export const passwordFromOneCopy: SeededBug = {
  name: 'password-from-one-copy',
  about: 'the copies of the password in the other Secrets are not looked at',
  file: 'addon/identity/settle.ts',
  find: 'loginFrom([kept, loginInUrl(sources.urlSecret), loginInBinding(sources.bindingSecret)], id, retired)',
  replace: 'loginFrom([kept], id, retired)',
  caughtBy: 'admin-secret-deleted/undisturbed',
};
