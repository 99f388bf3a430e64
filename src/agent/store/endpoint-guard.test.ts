import { describe, expect, it } from 'vitest';
import { checkHost, guardedLookup, refusal } from './endpoint-guard.ts';

const strict = { allowClusterInternal: false, forbidden: ['10.96.0.1'] };
const inside = { allowClusterInternal: true, forbidden: ['10.96.0.1'] };

describe('an endpoint', () => {
  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.169.254',
    '::1',
    '::',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fd00:ec2::254',
    '10.96.0.1',
    '::ffff:10.96.0.1',
    '224.0.0.1',
  ])('%s is refused whatever the store says', (address) => {
    expect(refusal(address, strict)).toBeDefined();
    expect(refusal(address, inside)).toBeDefined();
  });

  it.each(['10.0.0.5', '172.16.3.4', '192.168.1.1', '100.64.0.1', 'fd12::1', '::ffff:10.0.0.5'])(
    '%s needs allowClusterInternal',
    (address) => {
      expect(refusal(address, strict)).toContain('allowClusterInternal');
      expect(refusal(address, inside)).toBeUndefined();
    },
  );

  it.each(['203.0.113.7', '52.216.1.2', '2600:1f18::1', '172.32.0.1'])('%s is taken', (address) => {
    expect(refusal(address, strict)).toBeUndefined();
  });

  it('that is written as an address is refused before anything is connected', () => {
    expect(() => checkHost('[::1]', strict)).toThrow('::1');
    expect(() => checkHost('169.254.169.254', inside)).toThrow('link-local');
    expect(() => checkHost('s3.example.com', strict)).not.toThrow();
  });

  it('whose name leads to a refused address is refused when it is looked up', async () => {
    const error = await new Promise((resolve) => {
      guardedLookup(inside)('localhost', {}, (failure) => resolve(failure));
    });
    expect(error).toMatchObject({ reason: 'EndpointForbidden' });
  });
});
