import { request } from 'node:https';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { makeAuthority } from '../tls/authority.ts';
import { issueLeaf } from '../tls/leaf.ts';
import { listenTls } from './server.ts';

it.each(['127.0.0.1', '::1'])('the webhook is reached at %s', async (host) => {
  const now = new Date();
  const authority = await makeAuthority({ commonName: 'test', now });
  const names = { commonName: 'webhook', dnsNames: ['webhook'], ipAddresses: ['127.0.0.1', '::1'] };
  const { certPem, keyPem } = await issueLeaf({ authority, ...names, now });
  const app = new Hono().get('/', (context) => context.text('here'));
  const server = await listenTls(app, 0, { cert: certPem, key: keyPem });
  const text = await new Promise<string>((resolve, reject) => {
    request({ host, port: server.port, ca: authority.certPem, agent: false }, (answer) => {
      answer.on('data', (chunk: Buffer) => resolve(chunk.toString()));
    })
      .on('error', reject)
      .end();
  });
  expect(text).toBe('here');
  await server.close();
});
