import { type Field, fieldsOfSpec } from './fields.ts';
import type { Misuse } from './operation.ts';

/** What only the operator can refuse, in a condition. */
const MEANT: readonly Misuse[] = [
  { field: 'plan', spec: { plan: 'nowhere' }, says: 'spec.plan' },
  { field: 'version', spec: { version: '1.9' }, says: 'spec.version' },
  { field: 'version', spec: { version: '1.7.11' }, says: '1.8' },
  {
    field: 'restoreFrom.backupRef.name',
    spec: { restoreFrom: { backupRef: { name: 'yesterday' } } },
    says: 'restoreFrom',
  },
];

/** For every leaf of the spec a value of a type that it never has, and for a choice one that is none of it. */
export function allMisuses(): Misuse[] {
  return [...fieldsOfSpec().flatMap(ofField), ...MEANT];
}

function ofField(field: Field): Misuse[] {
  const names = field.path.split('.');
  const says = (names.at(-1) ?? '').replaceAll('[]', '');
  const wrong = field.type === 'object' || field.type === 'integer' ? 'words' : 7;
  const specs = [wrong, ...(field.enum === undefined ? [] : ['Nonsense'])].map((value) =>
    nested(names, value),
  );
  return specs.map((spec) => ({ field: field.path, spec, says }));
}

/** `apps[].name` and 7 give {apps: [{name: 7}]}. */
function nested(names: readonly string[], value: unknown): Record<string, unknown> {
  const [name = '', ...rest] = names;
  const inner = rest.length === 0 ? value : nested(rest, value);
  return name.endsWith('[]') ? { [name.slice(0, -2)]: [inner] } : { [name]: inner };
}
