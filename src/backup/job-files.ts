/** Where a Job's pod finds what is mounted; tests that run several on one machine have folders of their own. */
export interface JobFiles {
  /** Secret of the S3 store: the entries of CREDENTIAL_KEYS that it has. */
  readonly storeCredentials: string;
  /** The file ca.crt: authorities that the store's certificate is checked against, beside the public ones. */
  readonly storeAuthority: string;
  /** The claim of a PVC store. */
  readonly storeVolume: string;
  /** The file `identity`: age identities, one a line. */
  readonly identity: string;
  /** client.crt, client.key and ca.crt, for the agent. */
  readonly agent: string;
  /** username and password of the database's administrator. */
  readonly admin: string;
  /** ca.crt of the database's own certificate. */
  readonly databaseAuthority: string;
  /** Secret of a database that is copied: the entries of SOURCE_KEYS that it has. */
  readonly source: string;
  /** Shared with the engine's container, of the size of the data. */
  readonly scratch: string;
  /** Shared with it too: what the two say to each other, also when the other one is full. */
  readonly handoff: string;
  /** The volume that is filled. */
  readonly state: string;
}

export const JOB_FILES: JobFiles = {
  storeCredentials: '/run/influxaddon/store-credentials',
  storeAuthority: '/run/influxaddon/store-authority',
  storeVolume: '/store',
  identity: '/run/influxaddon/identity',
  agent: '/run/influxaddon/agent',
  admin: '/run/influxaddon/admin',
  databaseAuthority: '/run/influxaddon/database-authority',
  source: '/run/influxaddon/source',
  scratch: '/scratch',
  handoff: '/handoff',
  state: '/var/lib/influxdb',
};

/** Entries of a store's Secret: as they are documented, and a second spelling that is read as well. */
export const CREDENTIAL_KEYS = {
  accessKeyId: ['AWS_ACCESS_KEY_ID', 'access-key-id'],
  secretAccessKey: ['AWS_SECRET_ACCESS_KEY', 'secret-access-key'],
  /** Optional. */
  sessionToken: ['AWS_SESSION_TOKEN', 'session-token'],
} as const;

/** Entries of the Secret of a running database that is copied. */
export const SOURCE_KEYS = {
  /** `https://user:password@host:8086/database`. */
  url: 'url',
  /** Optional. PEM: authorities that its certificate is checked against, beside the public ones. */
  authority: 'ca.crt',
  /** Optional: `true`, when the host is in the cluster or in a private network. */
  allowClusterInternal: 'allow-cluster-internal',
} as const;
