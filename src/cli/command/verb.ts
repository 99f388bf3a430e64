import type { KubeClient } from '../../kube/api/client.ts';
import type { Given } from './given-options.ts';

/** An option of a verb. */
export interface Option {
  readonly type: 'boolean' | 'string' | 'strings';
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
  /** The only values there are; completion offers them. */
  readonly choices?: readonly string[];
}

/** What a verb's positional argument is, for completion. */
export type ArgumentKind = 'addon' | 'app' | 'backup' | 'plan' | 'version' | 'text';

export interface Argument {
  readonly name: string;
  readonly kind: ArgumentKind;
  readonly optional?: boolean;
}

/** One line of the table that parsing, help, completion and the documentation are made from. */
export interface Verb {
  /** One word, or two: `backups list`. */
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly Argument[];
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly string[];
  /** Loads what the verb needs, and nothing else is. */
  readonly load: () => Promise<Run>;
}

/** Prints, and throws CliError when it cannot do what was asked. */
export type Run = (context: Context) => Promise<void>;

/** Where a command reads and writes; tests bring their own. */
export interface Terminal {
  /** One line, without its end. */
  readonly say: (line: string) => void;
  /** Progress and warnings: not what scripts read. */
  readonly note: (line: string) => void;
  /** As it is. */
  readonly write: (bytes: string | Uint8Array) => void;
  /** Undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream;
}

export interface Context {
  readonly verb: Verb;
  readonly given: Given;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Connects at the first call. */
  readonly cluster: () => Promise<Cluster>;
}

/** The cluster of the kubeconfig's context, with the user's own rights. */
export interface Cluster {
  readonly client: KubeClient;
  /** Of the context, or of --namespace. */
  readonly namespace: string;
  /** Text of a path of the API, as it comes. */
  text(path: string, query: Record<string, string>, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** JSON of a path of the API, for kinds that we have no types of. Rejects with ApiError. */
  json(path: string, signal: AbortSignal): Promise<unknown>;
  /** A port of this machine that leads to a port of a pod, until it is closed. Without a namespace: of `namespace`. */
  forward(options: { namespace?: string; pod: string; port: number; localPort: number }): Promise<Forwarded>;
  close(): Promise<void>;
}

export interface Forwarded {
  readonly port: number;
  close(): Promise<void>;
}
