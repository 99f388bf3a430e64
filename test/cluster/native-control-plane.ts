import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeAuthority } from '../../src/tls/authority.ts';
import { issueLeaf } from '../../src/tls/leaf.ts';
import { PATIENCE_MS } from '../patience.ts';
import {
  type AuditCounts,
  type AuditEntry,
  type AuditFilter,
  AuditLog,
  auditPolicy,
  countAudit,
} from './audit.ts';
import { BedApi, waitFor } from './bed-api.ts';
import type { Bed } from './bed.ts';
import type { Launcher } from './component.ts';
import type { ControlPlane, ControlPlaneOptions } from './control-plane.ts';
import {
  apiserverFlags,
  controllerManagerFlags,
  controlPlaneControllers,
  etcdFlags,
  type Files,
  type Placement,
  servingCa,
  servingPair,
} from './control-plane-flags.ts';
import { Users } from './control-plane-users.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { Supervisor } from './supervisor.ts';
import { tearDown } from './teardown.ts';

export interface NativeParts {
  bed: Bed;
  at: Placement;
  binary: string;
  options: ControlPlaneOptions;
  launcher: Launcher;
  /** Sends the caretaker home. */
  dismiss: () => Promise<void>;
  /** Default: one of its own. */
  supervisor?: Supervisor;
}

/** Memory for time: with Go's default, nearly a third of an API server's start is the collection of garbage. */
const THRIFTY = { GOGC: '400' };

/** The components of a control plane as processes of this machine, wherever the launcher puts them. */
export class NativeControlPlane implements ControlPlane {
  readonly name: string;
  readonly server: string;
  readonly kubeconfig: string;
  readonly auditLogPath?: string;
  readonly supervisor: Supervisor;
  readonly users: Users;
  protected readonly parts: NativeParts;
  protected readonly files: Files;
  readonly #audit: AuditLog;
  #api: BedApi | undefined;
  #ca = '';
  #stopped: Promise<void> | undefined;

  constructor(parts: NativeParts) {
    const { bed, at, options } = parts;
    this.parts = parts;
    this.name = bed.state.name;
    this.server = `https://${at.address}:${at.apiserverPort}`;
    const dir = options.dir ?? bed.dir;
    this.files = {
      dir: join(bed.dir, 'control-plane'),
      tokens: join(bed.dir, 'control-plane', 'tokens.csv'),
      saKey: join(bed.dir, 'control-plane', 'service-accounts.key'),
      auditPolicy: join(bed.dir, 'control-plane', 'audit-policy.json'),
      auditLog: join(dir, 'audit.log'),
    };
    this.kubeconfig = join(bed.dir, 'admin.kubeconfig');
    if (options.auditLog !== false) this.auditLogPath = this.files.auditLog;
    this.#audit = new AuditLog(this.files.auditLog);
    this.supervisor = parts.supervisor ?? new Supervisor(bed, join(dir, 'logs'), options.onFailure);
    this.users = new Users(this.files.dir);
  }

  get failure(): AbortSignal {
    return this.supervisor.failure;
  }

  get pids(): ReadonlyMap<string, number> {
    return this.supervisor.pids;
  }

  /** The bed's own client, an administrator under a name of its own. */
  get api(): BedApi {
    if (this.#api === undefined) throw new Error('the API server has not been started');
    return this.#api;
  }

  async start(): Promise<void> {
    await this.startApi();
    await this.startControllers();
    await this.announce();
  }

  /** etcd and the API server, with the administrator's kubeconfig written. */
  protected async startApi(): Promise<void> {
    const { options } = this.parts;
    await this.#writeFiles();
    await this.#startEtcd();
    await this.#startApiserver();
    await this.componentKubeconfig('admin', ['system:masters'], this.kubeconfig);
    for (const crd of options.crds ?? []) {
      await this.api.apply(
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`,
        crd,
      );
    }
  }

  /** The state on disk says from now on that the bed is ready. */
  protected async announce(): Promise<void> {
    await this.parts.bed.update({ server: this.server, kubeconfig: this.kubeconfig });
  }

  /** Writes a kubeconfig for a user known since the start. */
  async componentKubeconfig(name: string, groups: string[], path?: string): Promise<string> {
    const { user, added } = this.users.add(name, groups);
    if (added && this.#api !== undefined) await this.#restartWithUsers();
    const file = path ?? join(this.files.dir, `${name.replaceAll(/[^a-z0-9-]/gi, '_')}.kubeconfig`);
    return writeKubeconfig(file, { server: this.server, ca: this.#ca, token: user.token }, name);
  }

  async userKubeconfig(name: string, groups: string[] = []): Promise<string> {
    return this.componentKubeconfig(name, groups);
  }

  async serviceAccountKubeconfig(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3600 },
    };
    const answer = (await this.api.send('POST', path, request)) as { status: { token: string } };
    const file = join(this.files.dir, `sa_${namespace}_${name}.kubeconfig`);
    return writeKubeconfig(file, { server: this.server, ca: this.#ca, token: answer.status.token }, name);
  }

  async auditEntries(filter: AuditFilter = {}): Promise<AuditEntry[]> {
    if (this.auditLogPath === undefined) throw new Error('this bed was started with auditLog: false');
    // An answer may reach the client a moment before its line the log. A request of our own is the end mark.
    const mark = `/version?mark=${randomUUID()}`;
    await this.api.send('GET', mark);
    const entries = await waitFor(
      'the end mark in the audit log',
      async () => {
        const all = await this.#audit.read();
        return all.some((entry) => entry.uri === mark) && all;
      },
      { timeoutMs: PATIENCE_MS, everyMs: 20, signal: this.failure },
    );
    return entries.filter(
      ({ user, time, uri }) =>
        (filter.user ?? user) === user && time >= (filter.since ?? 0) && !uri.startsWith('/version?mark='),
    );
  }

  async auditCounts(user: string, since = 0): Promise<AuditCounts> {
    return countAudit(await this.auditEntries({ user, since }));
  }

  async restartApiserver(options: { downMs?: number } = {}): Promise<void> {
    await this.supervisor.stop('kube-apiserver', 0);
    if (options.downMs) await delay(options.downMs);
    await this.#startApiserver();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  protected async prepareUsers(): Promise<void> {
    this.users.add('admin', ['system:masters']);
    this.users.add('bed', ['system:masters']);
    for (const name of ['operator', 'writer', ...(this.parts.options.users ?? [])]) this.users.add(name);
    // Not in the audit log (see the policy). The controllers share one client: its user has to hold all their rights.
    this.users.add('system:kube-controller-manager', ['system:masters', 'bed:components']);
    await this.users.write();
  }

  async #writeFiles(): Promise<void> {
    await mkdir(this.files.dir, { recursive: true });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(this.files.saKey, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
    await writeFile(this.files.auditPolicy, JSON.stringify(auditPolicy));
    await this.#writeCertificate();
    await this.prepareUsers();
  }

  /** On a curve: signing with the RSA key that the API server would make takes a tenth of its time in a busy test. */
  async #writeCertificate(): Promise<void> {
    const { address, serviceCidr } = this.parts.at;
    const now = new Date();
    const authority = await makeAuthority({ commonName: this.name, now });
    const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'];
    const ipAddresses = [...new Set([address, '127.0.0.1', serviceCidr.replace(/\d+\/\d+$/, '1')])];
    const leaf = await issueLeaf({ authority, dnsNames: names, ipAddresses, now });
    const { cert, key } = servingPair(this.files);
    await mkdir(dirname(cert), { recursive: true });
    await writeFile(key, leaf.keyPem, { mode: 0o600 });
    await writeFile(cert, leaf.certPem);
    await writeFile(servingCa(this.files), authority.certPem);
    this.#ca = authority.certPem;
  }

  async #startEtcd(): Promise<void> {
    const { at, options, bed, binary, launcher } = this.parts;
    const args = etcdFlags(at, join(options.dir ?? bed.dir, 'etcd'), options.fsync ?? false);
    await this.supervisor.start({
      name: 'etcd',
      command: binary,
      args: ['etcd', ...args],
      env: THRIFTY,
      launcher,
    });
  }

  async #startApiserver(): Promise<void> {
    const { at, options, binary, launcher } = this.parts;
    const args = ['kube-apiserver', ...apiserverFlags(at, this.files, options.auditLog !== false)];
    await this.supervisor.start({ name: 'kube-apiserver', command: binary, args, env: THRIFTY, launcher });
    const wait = { timeoutMs: PATIENCE_MS, everyMs: 25, signal: this.failure };
    const { token } = this.users.add('bed', ['system:masters']).user;
    this.#api?.close();
    this.#api = new BedApi({ server: this.server, ca: this.#ca, token });
    await waitFor('the API server', async () => (await this.api.send('GET', '/readyz')) === 'ok', wait);
  }

  protected async startControllers(): Promise<void> {
    const { options, binary, launcher } = this.parts;
    const user = 'system:kube-controller-manager';
    const kubeconfig = await this.componentKubeconfig(user, ['system:masters', 'bed:components']);
    const args = controllerManagerFlags(this.files, kubeconfig, options.controllers ?? this.controllers());
    const command = ['kube-controller-manager', ...args];
    await this.supervisor.start({
      name: 'kube-controller-manager',
      command: binary,
      args: command,
      env: THRIFTY,
      launcher,
    });
    // Pods are refused until their namespace has this account: the first thing that shows working controllers.
    await waitFor(
      'the default service account',
      () => this.api.get('/api/v1/namespaces/default/serviceaccounts/default'),
      {
        timeoutMs: PATIENCE_MS,
        signal: this.failure,
      },
    );
  }

  protected controllers(): string[] {
    return controlPlaneControllers;
  }

  async #restartWithUsers(): Promise<void> {
    await this.users.write();
    await this.restartApiserver();
  }

  async #stop(): Promise<void> {
    this.#api?.close();
    await this.supervisor.stopAll();
    await tearDown(this.parts.bed.state);
    await this.parts.dismiss();
  }
}
