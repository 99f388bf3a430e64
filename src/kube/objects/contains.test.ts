import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allDifferences, contains, firstDifference } from './contains.ts';

test('anything contains itself', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => contains(value, structuredClone(value))));
});

test('what the server added does not matter', () => {
  const intent = { spec: { ports: [{ port: 8086 }] } };
  const live = { spec: { ports: [{ port: 8086, protocol: 'TCP' }], clusterIP: '10.0.0.1' }, status: {} };
  expect(firstDifference(live, intent)).toBeUndefined();
});

test.each<[string, unknown, unknown, string | undefined]>([
  ['a missing field', {}, { a: { b: 1 } }, 'a.b'],
  ['another value', { a: [{ n: 1 }, { n: 2 }] }, { a: [{ n: 1 }, { n: 3 }] }, 'a.1.n'],
  ['a list that grew', { args: ['a', 'b'] }, { args: ['a'] }, 'args'],
  ['a list in another order', { args: ['b', 'a'] }, { args: ['a', 'b'] }, 'args.0'],
  ['an empty list where there is one', { args: ['a'] }, { args: [] }, 'args'],
  ['false where nothing is', {}, { tty: false }, 'tty'],
  ['a container of others before ours', pod(['mesh', 'm'], ['db', '1']), pod(['db', '1']), undefined],
  ['another image of it', pod(['mesh', 'm'], ['db', '2']), pod(['db', '1']), 'containers.db.image'],
  ['a container that is not there', pod(['mesh', 'm']), pod(['db', '1']), 'containers.db'],
  ['the same name once more', pod(['db', '1'], ['db', '2']), pod(['db', '1']), 'containers.db.image'],
  [
    'variables in another order',
    { env: [{ name: 'b' }, { name: 'a' }] },
    { env: [{ name: 'a' }] },
    undefined,
  ],
  ['ports without names', { ports: [{ port: 1 }, { port: 2 }] }, { ports: [{ port: 2 }] }, 'ports'],
  [
    'a mount elsewhere of the same volume',
    { volumeMounts: [{ name: 'data', mountPath: '/a' }] },
    { volumeMounts: [{ name: 'data', mountPath: '/b' }] },
    'volumeMounts./b',
  ],
  [
    'a toleration more',
    {
      tolerations: [
        { key: 'a', operator: 'Exists' },
        { operator: 'Exists', key: 'b' },
      ],
    },
    { tolerations: [{ key: 'b', operator: 'Exists' }] },
    undefined,
  ],
  ['a toleration less', { tolerations: [] }, { tolerations: [{ key: 'b' }] }, 'tolerations.[["key","b"]]'],
  ['a number as text', { port: '8086' }, { port: 8086 }, 'port'],
  ['an empty list where none is', {}, { args: [] }, undefined],
  ['an empty object where none is', {}, { podSelector: {} }, undefined],
  ['null where nothing is', {}, { a: null }, undefined],
  ['undefined where something is not', {}, { a: undefined }, undefined],
  ['an empty object where a fuller one is', { emptyDir: { medium: 'Memory' } }, { emptyDir: {} }, undefined],
  [
    'one more key in a selector',
    { spec: { selector: { a: '1', b: '2' } } },
    { spec: { selector: { a: '1' } } },
    'spec.selector.b',
  ],
  [
    'a narrower selector where everything is selected',
    { podSelector: { matchLabels: { a: '1' } } },
    { podSelector: {} },
    'podSelector.matchLabels',
  ],
  ['a limit written otherwise', { limits: { memory: '1Gi' } }, { limits: { memory: '1024Mi' } }, undefined],
  ['a limit as a number', { requests: { cpu: '1' } }, { requests: { cpu: 1 } }, undefined],
  ['a size limit', { emptyDir: { sizeLimit: '16Mi' } }, { emptyDir: { sizeLimit: '16384Ki' } }, undefined],
  ['another limit', { limits: { cpu: '1' } }, { limits: { cpu: '2' } }, 'limits.cpu'],
  ['what only looks like a quantity', { data: { x: '1Gi' } }, { data: { x: '1024Mi' } }, 'data.x'],
])('%s', (_, live, intent, path) => {
  expect(firstDifference(live, intent)).toBe(path);
});

test('all paths are told, each once', () => {
  const live = pod(['db', '2'], ['agent', '2']);
  expect(allDifferences(live, { ...pod(['db', '1'], ['agent', '1']), replicas: 1 })).toEqual([
    'containers.db.image',
    'containers.agent.image',
    'replicas',
  ]);
});

function pod(...containers: [name: string, image: string][]) {
  return { containers: containers.map(([name, image]) => ({ name, image })) };
}
