import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import type { Credentials } from './credentials.ts';

/*
 * Kubeconfig files as kubectl reads them, for a short-lived process: the library that the operator uses outside a
 * cluster costs more time to load than the whole command takes.
 */

export interface KubeconfigChoice {
  /** One file; default: those of $KUBECONFIG, else ~/.kube/config. */
  path?: string | undefined;
  context?: string | undefined;
  environment: Readonly<Record<string, string | undefined>>;
}

interface Entry<T> {
  readonly name: string;
  readonly value: T;
  /** Paths are relative to the file that has them. */
  readonly folder: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** The credentials of a context. @throws Error naming what is missing or not understood */
export async function readKubeconfig(choice: KubeconfigChoice): Promise<Credentials> {
  const files = await Promise.all(pathsOf(choice).map(readConfig));
  const wanted = choice.context ?? files.map((file) => text(file.config['current-context'])).find(Boolean);
  if (wanted === undefined) throw new Error('there is no current context');
  const context = find(files, 'contexts', 'context', wanted);
  const cluster = find(files, 'clusters', 'cluster', text(context.value['cluster']) ?? '');
  const userName = text(context.value['user']);
  const user = userName === undefined ? undefined : find(files, 'users', 'user', userName);
  const server = text(cluster.value['server']);
  if (server === undefined) throw new Error(`the cluster ${cluster.name} has no server`);
  if (text(cluster.value['proxy-url']) !== undefined)
    throw new Error(`the cluster ${cluster.name} has a proxy-url, which is not supported`);
  const ca = await pem(cluster, 'certificate-authority');
  return {
    server: server.replace(/\/+$/, ''),
    namespace: text(context.value['namespace']) ?? 'default',
    ...(ca === undefined ? {} : { ca }),
    ...(cluster.value['insecure-skip-tls-verify'] === true ? { insecure: true } : {}),
    ...(user === undefined ? {} : await identity(user, choice.environment)),
  };
}

async function identity(
  user: Entry<Fields>,
  environment: KubeconfigChoice['environment'],
): Promise<Partial<Credentials>> {
  const { value, folder, name } = user;
  if (value['auth-provider'] !== undefined)
    throw new Error(`the user ${name} has an auth-provider, which kubectl knows no more either: use exec`);
  const [clientCert, clientKey] = [await pem(user, 'client-certificate'), await pem(user, 'client-key')];
  const [token, tokenFile] = [text(value['token']), text(value['tokenFile'])];
  const [username, password] = [text(value['username']), text(value['password'])];
  const certificate = clientCert === undefined || clientKey === undefined ? {} : { clientCert, clientKey };
  if (tokenFile !== undefined) return { ...certificate, tokenFile: resolve(folder, tokenFile) };
  if (token !== undefined) return { ...certificate, token };
  if (username !== undefined) {
    const pair = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
    return { ...certificate, authorize: async () => `Basic ${pair}` };
  }
  const exec = value['exec'];
  return isFields(exec) ? { ...certificate, ...(await fromPlugin(exec, folder, environment)) } : certificate;
}

/** Of a token that ends, so long before it is asked for another. */
const EARLY_MS = 30_000;

interface PluginAnswer {
  readonly token: string | undefined;
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
  /** Milliseconds since the epoch; undefined where the plugin names no end. */
  readonly endsAt: number | undefined;
}

/** What a credential plugin gives: a certificate, or a token, which a process that lives long asks for again. */
async function fromPlugin(
  exec: Fields,
  folder: string,
  environment: KubeconfigChoice['environment'],
): Promise<Partial<Credentials>> {
  const first = await askPlugin(exec, folder, environment);
  const { token, clientCert, clientKey, endsAt } = first;
  const certificate = clientCert === undefined || clientKey === undefined ? {} : { clientCert, clientKey };
  if (token === undefined || endsAt === undefined)
    return { ...certificate, ...(token === undefined ? {} : { token }) };
  let present = Promise.resolve(first);
  let until = endsAt;
  const authorize = async (): Promise<string> => {
    if (Date.now() > until - EARLY_MS) {
      // Whoever asks meanwhile waits for the same answer; of one that failed the next asks again.
      until = Number.POSITIVE_INFINITY;
      present = askPlugin(exec, folder, environment);
      await present.then(
        (answer) => (until = answer.endsAt ?? Number.POSITIVE_INFINITY),
        () => (until = 0),
      );
    }
    return `Bearer ${(await present).token}`;
  };
  return { ...certificate, authorize };
}

async function askPlugin(
  exec: Fields,
  folder: string,
  environment: KubeconfigChoice['environment'],
): Promise<PluginAnswer> {
  const command = text(exec['command']) ?? '';
  const args = (Array.isArray(exec['args']) ? exec['args'] : []).map(String);
  const apiVersion = text(exec['apiVersion']) ?? 'client.authentication.k8s.io/v1';
  const added = (Array.isArray(exec['env']) ? exec['env'] : []).filter(isFields);
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  const path = command.includes('/') ? resolve(folder, command) : command;
  let status: unknown;
  try {
    const { stdout } = await promisify(execFile)(path, args, {
      env: {
        ...environment,
        ...Object.fromEntries(added.map((each) => [text(each['name']) ?? '', text(each['value']) ?? ''])),
        KUBERNETES_EXEC_INFO: JSON.stringify(info),
      },
      timeout: 60_000,
    });
    status = (JSON.parse(stdout) as { status?: unknown }).status;
  } catch (error) {
    // Neither what it printed, which may be a token, nor its arguments.
    const why = error instanceof SyntaxError ? 'its answer is not JSON' : 'it failed';
    const hint = text(exec['installHint']);
    throw new Error(`the credential plugin ${command}: ${why}${hint === undefined ? '' : `. ${hint}`}`);
  }
  const given = isFields(status) ? status : {};
  const endsAt = Date.parse(text(given['expirationTimestamp']) ?? '');
  return {
    token: text(given['token']),
    clientCert: text(given['clientCertificateData']),
    clientKey: text(given['clientKeyData']),
    endsAt: Number.isNaN(endsAt) ? undefined : endsAt,
  };
}

interface ConfigFile {
  readonly config: Fields;
  readonly folder: string;
}

async function readConfig(path: string): Promise<ConfigFile> {
  const config = load(await readFile(path, 'utf8'));
  if (!isFields(config)) throw new Error(`${path} is no kubeconfig`);
  return { config, folder: dirname(resolve(path)) };
}

function pathsOf({ path, environment }: KubeconfigChoice): string[] {
  if (path !== undefined) return [path];
  const named = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((each) => each !== '');
  return named.length > 0 ? named : [resolve(environment['HOME'] ?? homedir(), '.kube/config')];
}

/** Of several files the first that has it counts. */
function find(files: readonly ConfigFile[], list: string, field: string, name: string): Entry<Fields> {
  for (const { config, folder } of files) {
    const entries = Array.isArray(config[list]) ? config[list].filter(isFields) : [];
    const value = entries.find((entry) => entry['name'] === name)?.[field];
    if (isFields(value)) return { name, value, folder };
  }
  throw new Error(`there is no ${field} ${name === '' ? 'of that context' : name}`);
}

/** `<field>-data`, in base64, or the file that `<field>` names. */
async function pem({ value, folder }: Entry<Fields>, field: string): Promise<string | undefined> {
  const data = text(value[`${field}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = text(value[field]);
  return file === undefined ? undefined : await readFile(resolve(folder, file), 'utf8');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
