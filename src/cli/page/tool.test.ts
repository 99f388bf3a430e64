import { expect, test } from 'vitest';
import { InfluxAddon } from '../../api/kinds.ts';
import type { Refused } from '../../dashboard/visitor.ts';
import type { Command } from '../../dashboard/wire.ts';
import { addonNamed, fakeDesk } from '../../dashboard/testing/desk.ts';
import { TOOL } from './tool.ts';

const key = { namespace: 'shop', name: 'a' };

async function desk() {
  const made = fakeDesk();
  await made.client.create(InfluxAddon, addonNamed('a'));
  const run = (command: Command) => TOOL.run(made.visitor, key, command, new AbortController().signal);
  return { ...made, run };
}

test('an edit is the one that the command line makes', async () => {
  const { client, run } = await desk();
  const { said } = await run({ verb: 'users add', arguments: ['grafana'], options: { access: 'Write' } });
  expect(said[0]).toBe('a: user grafana with Write access');
  expect((await client.get(InfluxAddon, key))?.spec.users).toEqual([{ name: 'grafana', access: 'Write' }]);
});

test.each<[what: string, command: Command, status: number, words: RegExp]>([
  ['a verb that prints secrets', { verb: 'url' }, 400, /nothing that the page may do/],
  ['a verb that writes files', { verb: 'report' }, 400, /nothing that the page may do/],
  ['a verb that no page has', { verb: 'constructor' }, 400, /nothing that the page may do/],
  ['another cluster', { verb: 'stop', options: { kubeconfig: '/tmp/x' } }, 400, /takes no --kubeconfig/],
  ['another namespace', { verb: 'stop', options: { namespace: 'x' } }, 400, /takes no --namespace/],
  [
    'an option without a value',
    { verb: 'users add', arguments: ['x'], options: { access: true } },
    400,
    /kind/,
  ],
  ['a value that is none', { verb: 'config', options: { tls: 'Maybe' } }, 400, /--tls must be one of/],
  ['an hour that is none', { verb: 'config', options: { 'window-hour': '24' } }, 400, /from 0 to 23/],
  ['a word too many', { verb: 'stop', arguments: ['b'] }, 400, /b is one argument too many/],
  ['a word too few', { verb: 'plan' }, 400, /PLAN is missing/],
  ['a plan that is not there', { verb: 'plan', arguments: ['9g'] }, 422, /there is no plan 9g/],
  ['a user that is not there', { verb: 'users remove', arguments: ['x'] }, 404, /has no user x/],
  ['a backup without a store', { verb: 'backups create' }, 422, /has no backup store/],
  [
    'the end of a database',
    { verb: 'remove', options: { confirm: 'a' } },
    400,
    /nothing that the page may do/,
  ],
])('%s is refused in the words of the command line', async (_, command, status, words) => {
  const { api, run } = await desk();
  const before = api.requests.filter(({ method }) => method !== 'GET').length;
  await expect(run(command)).rejects.toThrow(words);
  await expect(run(command)).rejects.toMatchObject({ status } satisfies Partial<Refused>);
  expect(api.requests.filter(({ method }) => method !== 'GET')).toHaveLength(before);
});
