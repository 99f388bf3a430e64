import type { Argument, Option } from './verb.ts';

/** Arguments and options that several verbs have. */
export const ADDON: Argument = { name: 'ADDON', kind: 'addon' };
export const APP: Argument = { name: 'APP', kind: 'app' };
export const text = (name: string): Argument => ({ name, kind: 'text' });

export const INJECT: Option = {
  type: 'boolean',
  help: 'the operator adds the variables to the containers of the app',
};
export const CONFIRM: Option = {
  type: 'string',
  value: 'ID',
  help: 'the id of the addon, instead of being asked for it',
};
