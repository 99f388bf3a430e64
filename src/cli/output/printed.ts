import type { KubeObject } from '../../kube/objects/types.ts';
import type { Context } from '../command/verb.ts';

/** Prints the objects as JSON or YAML when that was asked for; otherwise says so by `false`. */
export async function printed(
  { given, terminal }: Context,
  objects: readonly KubeObject[],
  one: boolean,
): Promise<boolean> {
  const format = given.text('output');
  if (format !== 'json' && format !== 'yaml') return false;
  const items = objects.map(withoutNoise);
  const whole = one ? items[0] : { apiVersion: 'v1', kind: 'List', items };
  if (format === 'json') {
    terminal.say(JSON.stringify(whole, null, 2));
  } else {
    const { dump } = await import('js-yaml');
    terminal.write(dump(whole, { lineWidth: 120, noRefs: true }));
  }
  return true;
}

/** Who wrote which field is nothing that anybody asks this command for. */
export function withoutNoise<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  return { ...object, metadata };
}
