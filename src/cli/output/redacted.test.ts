import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redactText, redactValue } from './redacted.ts';
import { resultLines } from './results.ts';
import { masked } from '../verbs/apps/env.ts';

const secret = fc.stringMatching(/^[A-Za-z0-9_-]{8,40}$/);

test('no password survives where logs and objects have one', () => {
  fc.assert(
    fc.property(secret, (password) => {
      const texts = [
        `connect http://user:${password}@host:8086/db failed`,
        `CREATE USER x WITH PASSWORD '${password}'`,
        `SET PASSWORD FOR "x" = '${password}'`,
        `{"authorization":"Bearer ${password}"}`,
        `GET /query?u=admin&p=${password}&q=x`,
        JSON.stringify({ url: `https://u:${password}@h/` }),
      ];
      for (const text of texts) expect(redactText(text)).not.toContain(`${password}`);
      const objects = [
        { env: [{ name: 'ADMIN_PASSWORD', value: password }] },
        { spec: { secretAccessKey: password, nested: [{ token: password }] } },
        { metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': password } } },
      ];
      for (const object of objects)
        expect(JSON.stringify(redactValue(object))).not.toContain(`"${password}"`);
    }),
  );
});

test('names of Secrets stay, since they are no secrets', () => {
  const spec = { credentialsRef: { name: 'store' }, secretName: 'my-app-influx' };
  expect(redactValue(spec)).toEqual(spec);
});

test('a masked URL shows everything but the password', () => {
  expect(masked('http://my_app_1:Secret_-9@h.svc:8086/my_app_1')).toBe(
    'http://my_app_1:********@h.svc:8086/my_app_1',
  );
});

test('results are columns for people, and CSV or JSON for programs', () => {
  const series = [
    {
      name: 'cpu',
      tags: { host: 'a' },
      columns: ['time', 'v'],
      values: [
        ['t1', 1.5],
        ['t2', null],
      ],
    },
  ];
  expect(resultLines({ series }, 'column')).toEqual([
    'name: cpu',
    'tags: host=a',
    'time   v',
    't1     1.5',
    't2     -',
  ]);
  expect(resultLines({ series }, 'csv')).toEqual(['name,time,v', 'cpu,t1,1.5', 'cpu,t2,']);
  expect(JSON.parse(resultLines({ series }, 'json').join(''))).toEqual(series);
});
