import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { Deployment, Pod } from '../../src/kube/objects/kinds.ts';
import { eventually } from './children.ts';
import { secretData } from './database.ts';
import type { OperatorBed } from './operator-bed.ts';

const NOT_THERE = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ETIMEDOUT', 'EPIPE']);

/**
 * What an application does that reads `ca.crt` when it starts and verifies the database with it ever after: a new one
 * is read when its Deployment has been restarted, and never in between. A database that is not there is no fault.
 */
export class VerifyingApp implements AsyncDisposable {
  /** Why it refused what the database showed, each reason once. */
  readonly refusals = new Set<string>();
  /** Connections that were made and verified. */
  accepted = 0;
  readonly #bed: OperatorBed;
  readonly #namespace: string;
  readonly #addon: string;
  readonly #running: Promise<void>;
  #stopped = false;
  #template: string | undefined;
  #ca = '';

  constructor(bed: OperatorBed, namespace: string, addon: string) {
    this.#bed = bed;
    this.#namespace = namespace;
    this.#addon = addon;
    this.#running = this.#run();
  }

  /** Waits until it has verified the database so many times more. */
  async verifies(times = 1): Promise<void> {
    const wanted = this.accepted + times;
    await eventually('an app that verifies its database', () => Promise.resolve(this.accepted >= wanted));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#look().catch((error: unknown) => this.refusals.add(String(error)));
      await delay(15);
    }
  }

  async #look(): Promise<void> {
    const namespace = this.#namespace;
    const app = await this.#bed.client.get(Deployment, { namespace, name: 'web' });
    const template = JSON.stringify(app?.spec?.template);
    if (template !== this.#template) {
      this.#template = template;
      this.#ca = (await secretData(this.#bed, namespace, `${this.#addon}-influx-tls`))['ca.crt'] ?? '';
    }
    const pod = await this.#bed.client.get(Pod, { namespace, name: `${this.#addon}-influx-0` });
    const host = pod?.status?.podIP;
    if (host === undefined) return;
    const servername = `${this.#addon}-influx.${namespace}.svc.cluster.local`;
    const socket = connect({ host, port: 8086, servername, ca: this.#ca, timeout: 2_000 });
    try {
      await once(socket, 'secureConnect');
      this.accepted += 1;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      if (!NOT_THERE.has(code)) this.refusals.add(code);
    } finally {
      socket.destroy();
    }
  }
}
