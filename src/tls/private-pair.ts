import { makeAuthority } from './authority.ts';
import { systemSource, type CertificateSource } from './key-pair.ts';
import { issueLeaf, type Leaf } from './leaf.ts';

/** Two ends that trust each other and nobody else. */
export interface PrivatePair {
  /** Public: what both trust. */
  readonly authorityPem: string;
  readonly server: Leaf;
  readonly client: Leaf;
}

/**
 * An authority that signs one certificate for a server and one for its client, and whose key is then forgotten: no
 * third can ever be made, whoever gets hold of the operator's own authority.
 */
export async function makePrivatePair(options: {
  /** By which the server is called; both certificates have it. */
  name: string;
  now: Date;
  /** Default 365. */
  lifetimeDays?: number;
  source?: CertificateSource;
}): Promise<PrivatePair> {
  const { name, now, lifetimeDays = 365, source = systemSource } = options;
  const authority = await makeAuthority({ commonName: name, now, lifetimeDays: lifetimeDays + 1, source });
  const leaf = (side: 'server' | 'client'): Promise<Leaf> =>
    issueLeaf({ authority, dnsNames: [name], ipAddresses: [], now, lifetimeDays, source, side });
  return { authorityPem: authority.certPem, server: await leaf('server'), client: await leaf('client') };
}
