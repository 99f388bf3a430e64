import { expect, test } from 'vitest';
import { credentialsOf } from './dashboard.ts';

test('a visitor is connected with their own token, and with nothing by which the operator is known', () => {
  const own = {
    server: 'https://api:6443',
    namespace: 'influxaddon-system',
    ca: 'CA',
    clientCert: 'CERT',
    clientKey: 'KEY',
    token: 'ours',
    tokenFile: '/var/run/token',
    authorize: async () => 'Bearer ours',
  };
  expect(credentialsOf(own, 'theirs')).toEqual({
    server: 'https://api:6443',
    namespace: 'default',
    ca: 'CA',
    token: 'theirs',
  });
});
