import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import {
  answer,
  failure,
  type HttpAnswer,
  runWithoutAuthentication,
  type ServerSettings,
} from './engine/http.ts';
import { EngineState } from './engine/state.ts';

export type { EngineState } from './engine/state.ts';

export interface StartOptions {
  /** What the engine calls itself; default 1.8.10. */
  version?: string;
  /** Default 8086; 0 takes a free one. */
  port?: number;
  /** PEM, needed when the environment turns HTTPS on. */
  tls?: { cert: string; key: string };
}

export interface EngineRequest {
  address: string;
  storageKey: string;
  method: string;
  path: string;
  /** Who was authenticated, if anybody. */
  user?: string;
  /** Statements as the server prints them: without passwords. */
  statements: string[];
  /** The HTTP status; 0 when no answer was sent. */
  status: number;
}

/** What goes wrong with the requests that a fault matches (all, when it has no `match`). */
export interface Fault {
  match?: (request: {
    address: string;
    storageKey: string;
    method: string;
    path: string;
    body: string;
  }) => boolean;
  /**
   * Refuse: the connection is cut before anything is done. Slow: the answer comes `ms` later. Error500: nothing is
   * done. DropAnswer: the request is done, and the connection cut instead of an answer.
   */
  behave: 'Refuse' | 'Slow' | 'Error500' | 'DropAnswer';
  ms?: number;
  /** So many matching requests go through first. */
  after?: number;
  /** The fault is gone after so many. */
  times?: number;
}

interface Instance {
  address: string;
  storageKey: string;
  settings: ServerSettings;
  server: Server;
  sockets: Set<Socket>;
  port: number;
}

/** How many of an instance's requests are remembered. */
const logLength = 2000;

/**
 * InfluxDB 1.x as far as the operator and its applications can see it: one HTTP server per pod, and what is stored
 * by volume. The real servers say what it has to answer: test/integration/fake-engine.test.ts.
 */
export class FakeEngine {
  readonly #instances = new Map<string, Instance>();
  readonly #storage = new Map<string, EngineState>();
  readonly #log = new Map<string, EngineRequest[]>();
  readonly #faults = new Map<Fault, { seen: number }>();
  /** Statements that were sent and that the fake does not know: a test that sees any has proved nothing. */
  readonly unknownStatements: string[] = [];
  /** Things that corrupt a real database, as sentences: two servers on one volume. */
  readonly violations: string[] = [];

  /** Listens as influxd with this environment would; resolves with the port once it does. */
  async start(
    address: string,
    storageKey: string,
    env: Record<string, string>,
    options: StartOptions = {},
  ): Promise<number> {
    const other = [...this.#instances.values()].find((instance) => instance.storageKey === storageKey);
    if (other) {
      this.violations.push(`two engines on volume ${storageKey}: ${other.address} and ${address}`);
    }
    const settings = { env, version: options.version ?? '1.8.10' };
    const https = env['INFLUXDB_HTTP_HTTPS_ENABLED'] === 'true';
    if (https && !options.tls) {
      throw new Error('HTTPS is on and there is no certificate');
    }
    const server = https && options.tls ? createTlsServer(options.tls) : createServer();
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(address, request, response).catch(() => request.socket.destroy());
    });
    // The server itself does not know of one whose handshake is under way.
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    server.listen(options.port ?? 8086, address);
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    this.#instances.set(address, { address, storageKey, settings, server, sockets, port });
    return port;
  }

  /** As SIGKILL would: open connections are cut. Stopping what does not run is fine. */
  async stop(address: string): Promise<void> {
    const instance = this.#instances.get(address);
    if (instance) {
      this.#instances.delete(address);
      const closed = once(instance.server, 'close');
      instance.server.close();
      for (const socket of instance.sockets) socket.destroy();
      await closed;
    }
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#instances.keys()].map((address) => this.stop(address)));
  }

  isRunning(address: string): boolean {
    return this.#instances.has(address);
  }

  /** Whether an engine of that environment runs there already; a changed environment needs a restart. */
  envOf(address: string): Record<string, string> | undefined {
    return this.#instances.get(address)?.settings.env;
  }

  /** What is on a volume; made empty when first asked for. */
  state(storageKey: string): EngineState {
    const state = this.#storage.get(storageKey) ?? new EngineState();
    this.#storage.set(storageKey, state);
    return state;
  }

  /** The volume is gone, and all on it. */
  forget(storageKey: string): void {
    this.#storage.delete(storageKey);
  }

  /**
   * The bootstrap before the server listens: the administrator is made (who may be there already) and healed.
   * Returns what failed.
   */
  bootstrap(storageKey: string, files: Record<string, string>): string | undefined {
    const state = this.state(storageKey);
    const created = runWithoutAuthentication(state, files['create-admin.iql'] ?? '');
    if (created !== undefined && created !== 'user already exists') {
      return created;
    }
    return runWithoutAuthentication(state, files['heal-admin.iql'] ?? '');
  }

  /** The last requests by address, oldest first; of all addresses when none is given. */
  requests(address?: string): EngineRequest[] {
    return address === undefined ? [...this.#log.values()].flat() : [...(this.#log.get(address) ?? [])];
  }

  /** Adds a fault; the answer removes it. */
  fault(fault: Fault): () => void {
    this.#faults.set(fault, { seen: 0 });
    return () => this.#faults.delete(fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  async #serve(address: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    const instance = this.#instances.get(address);
    if (!instance) {
      request.socket.destroy();
      return;
    }
    const { storageKey, settings } = instance;
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', 'http://engine');
    const seen = { address, storageKey, method: request.method ?? 'GET', path: url.pathname };
    const fault = this.#faultFor({ ...seen, body: body.toString() });
    const blocked = fault?.behave === 'Refuse' || fault?.behave === 'Error500';
    const result: HttpAnswer = blocked
      ? failure(500, 'injected failure')
      : answer(this.state(storageKey), settings, {
          method: seen.method,
          url,
          headers: request.headers,
          body,
        });
    const silent = fault?.behave === 'Refuse' || fault?.behave === 'DropAnswer';
    this.unknownStatements.push(...(result.unknown ?? []));
    this.#record({
      ...seen,
      ...(result.user !== undefined && { user: result.user }),
      statements: result.statements ?? [],
      status: silent ? 0 : result.status,
    });
    if (fault?.behave === 'Slow') {
      await new Promise((resolve) => setTimeout(resolve, fault.ms ?? 1000));
    }
    if (silent) {
      request.socket.destroy();
    } else {
      send(response, settings, result);
    }
  }

  #faultFor(request: Parameters<NonNullable<Fault['match']>>[0]): Fault | undefined {
    for (const [fault, count] of this.#faults) {
      if (fault.match && !fault.match(request)) {
        continue;
      }
      count.seen++;
      const nth = count.seen - (fault.after ?? 0);
      if (nth >= 1 && nth <= (fault.times ?? Number.POSITIVE_INFINITY)) {
        return fault;
      }
    }
    return undefined;
  }

  #record(request: EngineRequest): void {
    const log = this.#log.get(request.address) ?? [];
    log.push(request);
    this.#log.set(request.address, log.length > logLength * 2 ? log.slice(-logLength) : log);
  }
}

function send(
  response: ServerResponse,
  { version }: ServerSettings,
  { status, headers, body }: HttpAnswer,
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-influxdb-version': version,
    'x-influxdb-build': 'OSS',
    ...headers,
  });
  response.end(typeof body === 'object' ? `${JSON.stringify(body)}\n` : body);
}
