import type { InfluxBackupStore } from '../../api/influx-backup-store.ts';
import type { StoreSpec } from '../../backup/protocol.ts';

/** How a Job reaches a store, and which objects it mounts for that. */
export interface StoreAccess {
  readonly store: StoreSpec;
  readonly claim: string | undefined;
  readonly secrets: {
    readonly storeCredentials?: string;
    readonly storeAuthority?: { readonly name: string; readonly key: string };
  };
}

export function storeAccess({ spec }: Pick<InfluxBackupStore, 'spec'>): StoreAccess {
  const { s3, pvc } = spec;
  if (s3 === undefined)
    return { store: { type: 'pvc', prefix: '' }, claim: pvc?.claimName ?? '', secrets: {} };
  return {
    store: {
      type: 's3',
      endpoint: s3.endpoint.replace(/\/$/, ''),
      bucket: s3.bucket,
      prefix: s3.prefix ?? '',
      region: s3.region ?? 'us-east-1',
      allowClusterInternal: s3.allowClusterInternal ?? false,
    },
    claim: undefined,
    secrets: {
      storeCredentials: s3.credentialsRef.name,
      ...(s3.caRef === undefined ? {} : { storeAuthority: { name: s3.caRef.name, key: 'ca.crt' } }),
    },
  };
}

/** `s3://bucket/prefix at https://s3.example.com`, or `pvc://claim`; without credentials. */
export function locationOf({ spec }: Pick<InfluxBackupStore, 'spec'>): string {
  if (spec.s3 === undefined) return `pvc://${spec.pvc?.claimName ?? ''}`;
  const { bucket, prefix, endpoint } = spec.s3;
  return `s3://${bucket}${prefix ? `/${prefix}` : ''} at ${endpoint}`;
}
