import { describe, expect, it } from 'vitest';
import { serviceHost, serviceNames } from './names.ts';

describe('serviceNames', () => {
  it('lists every name of the Service, the host of the URLs first, and those of a tunnel', () => {
    expect(serviceNames('my-app-influx', 'shop', 'cluster.local')).toEqual({
      dnsNames: [
        'my-app-influx.shop.svc.cluster.local',
        'my-app-influx.shop.svc',
        'my-app-influx.shop',
        'my-app-influx',
        'localhost',
      ],
      ipAddresses: ['127.0.0.1', '::1'],
    });
  });

  it('takes host names and addresses from outside, each once, in lower case, without a dot at the end', () => {
    const { dnsNames, ipAddresses } = serviceNames('db', 'shop', 'k8s.example.', [
      'DB.example.com.',
      'db.example.com',
      '203.0.113.9',
      '203.0.113.9',
      '2001:db8::1',
      '',
      'localhost',
    ]);
    expect(dnsNames).toEqual([
      'db.shop.svc.k8s.example',
      'db.shop.svc',
      'db.shop',
      'db',
      'localhost',
      'db.example.com',
    ]);
    expect(ipAddresses).toEqual(['127.0.0.1', '::1', '203.0.113.9', '2001:db8::1']);
  });

  it('has the host of the URLs first', () => {
    expect(serviceNames('a', 'b', 'c.d').dnsNames[0]).toBe(serviceHost('a', 'b', 'c.d'));
  });
});
