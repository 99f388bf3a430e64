import { expect, test } from 'vitest';
import { parseTarget } from './target.ts';

test('credentials move from the URL into a header, and nothing shown has the password', () => {
  const target = parseTarget(
    'http://my_app_3707:s3cr%2Ft@my-app-influx.shop.svc.cluster.local:8086/my_app_3707',
  );
  expect(target).toEqual({
    writeUrl: 'http://my-app-influx.shop.svc.cluster.local:8086/write?db=my_app_3707&precision=ms',
    headers: { authorization: `Basic ${Buffer.from('my_app_3707:s3cr/t').toString('base64')}` },
    shown: 'http://my-app-influx.shop.svc.cluster.local:8086/my_app_3707',
  });
});

test('a URL without a user sends no credentials', () => {
  expect(parseTarget('http://127.0.0.1:8086/db')).toMatchObject({ headers: {} });
});

test.each([
  [undefined, 'INFLUX_URL is not set'],
  ['', 'INFLUX_URL is not set'],
  ['s3cret', 'INFLUX_URL is not a URL'],
  ['ftp://u:s3cret@h/db', 'INFLUX_URL is neither http nor https'],
  ['http://u:s3cret@h/', 'INFLUX_URL names no database'],
])('%s is refused without being repeated', (url, message) => {
  expect(parseTarget(url)).toBe(message);
});
