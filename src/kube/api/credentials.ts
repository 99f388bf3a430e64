import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';

/** Where the API server is and how to prove who we are. */
export interface Credentials {
  /** `https://host:port`, with a path where a proxy serves several clusters. */
  server: string;
  /** The namespace that the context names, or the one the pod runs in. */
  namespace: string;
  /** PEM. Without it the system's authorities are trusted. */
  ca?: string;
  clientCert?: string;
  clientKey?: string;
  token?: string;
  /** A file holding the token; service account tokens are replaced in it while we run. */
  tokenFile?: string;
  /** Asks whoever makes tokens (an exec plugin, OIDC) for the Authorization header. */
  authorize?: () => Promise<string | undefined>;
  /** Don't verify the server's certificate. */
  insecure?: boolean;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The credentials every pod with a service account has. Throws outside a cluster. */
export async function loadInCluster(
  environment: NodeJS.ProcessEnv = process.env,
  folder: string = SERVICE_ACCOUNT,
): Promise<Credentials> {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (!host) throw new Error('KUBERNETES_SERVICE_HOST is not set: this process does not run in a cluster');
  const [ca, namespace] = await Promise.all([
    readFile(`${folder}/ca.crt`, 'utf8'),
    readFile(`${folder}/namespace`, 'utf8'),
  ]);
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { server, ca, namespace: namespace.trim(), tokenFile: `${folder}/token` };
}

/**
 * The current context of a kubeconfig file; without a path, of $KUBECONFIG or ~/.kube/config. Loads a library
 * that doubles the memory of a small process, therefore only here and only when it is needed.
 */
export async function loadKubeconfig(path?: string, context?: string): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (path === undefined) config.loadFromDefault();
  else config.loadFromFile(path);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`the kubeconfig${path ? ` ${path}` : ''} names no current cluster`);

  const https: RequestOptions = {};
  await config.applyToHTTPSOptions(https);
  const pem = (value: RequestOptions['ca']): string | undefined =>
    typeof value === 'string' || Buffer.isBuffer(value) ? value.toString() : undefined;
  const [ca, clientCert, clientKey] = [pem(https.ca), pem(https.cert), pem(https.key as string | Buffer)];
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    ...(ca === undefined ? {} : { ca }),
    ...(clientCert === undefined ? {} : { clientCert }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(cluster.skipTLSVerify ? { insecure: true } : {}),
    // Asked again for every request: the library keeps a plugin's token until it expires.
    authorize: async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const headers = options.headers as Record<string, string> | undefined;
      return headers?.['Authorization'] ?? basic(options.auth);
    },
  };
}

/** Gives the Authorization header of these credentials; `forget` makes the next call read it afresh. */
export class Authorization {
  readonly #credentials: Credentials;
  readonly #clock: Clock;
  #cached: { header: string; readAt: number } | undefined;

  constructor(credentials: Credentials, clock: Clock = systemClock) {
    this.#credentials = credentials;
    this.#clock = clock;
  }

  async header(): Promise<string | undefined> {
    const { authorize, token, tokenFile } = this.#credentials;
    if (authorize) return authorize();
    if (tokenFile === undefined) return token === undefined ? undefined : `Bearer ${token}`;
    const now = this.#clock.monotonic();
    if (!this.#cached || now - this.#cached.readAt >= TOKEN_CACHED_MS) {
      const read = (await readFile(tokenFile, 'utf8')).trim();
      this.#cached = { header: `Bearer ${read}`, readAt: now };
    }
    return this.#cached.header;
  }

  forget(): void {
    this.#cached = undefined;
  }
}

// The kubelet replaces a service account token at 80 % of its life (at least 10 minutes): a minute is early.
const TOKEN_CACHED_MS = 60_000;

function basic(userAndPassword: string | null | undefined): string | undefined {
  if (!userAndPassword) return undefined;
  return `Basic ${Buffer.from(userAndPassword).toString('base64')}`;
}
