import { writeFile } from 'node:fs/promises';
import { JOB_FILES, type JobFiles } from '../../backup/job-files.ts';
import {
  JOB_SPEC_VARIABLE,
  jobSpec,
  MAX_RESULT_BYTES,
  type JobSpec,
  type Operation,
} from '../../backup/protocol.ts';
import { type JobResult } from '../../backup/results.ts';
import { HttpInfluxTransport } from '../../influx/transport.ts';
import { takeBackup } from '../backup.ts';
import { dismissEngine, keepEngineWaiting } from '../engine.ts';
import { copyDatabase } from '../copy/copy.ts';
import { fillVolume, importFile } from '../fill.ts';
import { checkStore, deleteBackup, listBackups } from './housekeeping.ts';
import { NO_STORE, openStore, type JobContext } from './job-context.ts';
import { JobError } from './job-error.ts';

export interface JobEnvironment {
  /** The variables of the process. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly files?: JobFiles;
  readonly ports?: JobContext['ports'];
  /** Where the kubelet reads the result. */
  readonly terminationLog?: string;
  /** Aborted when the pod is told to end. */
  readonly stop: AbortSignal;
  readonly log: JobContext['log'];
  /** Addresses that no store has; default: the API server's. */
  readonly forbidden?: readonly string[];
  /** Default false; for tests only, whose databases are on the same machine. */
  readonly allowLoopback?: boolean;
  /** Tests put a store of their own in front. */
  readonly openStore?: typeof openStore;
}

/** Runs one operation and leaves its result for the operator. Never throws. */
export async function runJob(operation: Operation, environment: JobEnvironment): Promise<JobResult> {
  const result = await attempt(operation, environment);
  const { log, terminationLog = '/dev/termination-log' } = environment;
  if (result.ok) log('done');
  else log('failed', { reason: result.reason, message: result.message });
  // Whoever reads only this file must not be told half a document.
  const text = JSON.stringify(result);
  await writeFile(terminationLog, Buffer.byteLength(text) <= MAX_RESULT_BYTES ? text : '').catch(
    (error: unknown) => log('the result cannot be written', { error: String(error) }),
  );
  return result;
}

async function attempt(operation: Operation, environment: JobEnvironment): Promise<JobResult> {
  const { variables, files = JOB_FILES, stop, log } = environment;
  const ended = new AbortController();
  const interrupt = (): void =>
    ended.abort(new JobError('Interrupted', 'The pod of the Job was told to end.'));
  stop.addEventListener('abort', interrupt, { once: true });
  let timer: NodeJS.Timeout | undefined;
  const influx = new HttpInfluxTransport();
  const hasEngine = ENGINE_OPERATIONS.includes(operation);
  using _waiting = hasEngine ? keepEngineWaiting(files.handoff) : undefined;
  try {
    const spec = parseSpec(operation, variables[JOB_SPEC_VARIABLE]);
    timer = setTimeout(
      () =>
        ended.abort(
          new JobError('DeadlineExceeded', `It was not finished within ${spec.deadlineSeconds} seconds.`),
        ),
      spec.deadlineSeconds * 1000,
    );
    const apiServer = variables['KUBERNETES_SERVICE_HOST'];
    const forbidden = environment.forbidden ?? (apiServer === undefined ? [] : [apiServer]);
    const open = environment.openStore ?? openStore;
    const store = 'store' in spec ? await open(spec.store, files, forbidden) : NO_STORE;
    try {
      return await perform(spec, {
        files,
        store,
        influx,
        endpointRule: { forbidden, allowLoopback: environment.allowLoopback ?? false },
        ports: environment.ports ?? { http: 8086, rpc: 8088 },
        now: () => new Date(),
        log,
        signal: ended.signal,
      });
    } finally {
      store.close();
    }
  } catch (caught) {
    // Whatever broke off because of the deadline: the deadline is the reason.
    const error = JobError.from(ended.signal.aborted ? ended.signal.reason : caught);
    if (error.reason === 'Internal') log('unexpected', { stack: stackOf(caught) });
    const { reason, retryable } = error;
    return { ok: false, operation, reason, message: error.message.slice(0, 1024), retryable };
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', interrupt);
    if (hasEngine)
      await dismissEngine(files.handoff).catch((error: unknown) =>
        log('the engine is not told to end', { error: String(error) }),
      );
    await influx.close();
  }
}

/** Those whose pod has the engine's container. */
const ENGINE_OPERATIONS: readonly Operation[] = ['backup', 'restore', 'drill', 'import', 'copy'];

function parseSpec(operation: Operation, text: string | undefined): JobSpec {
  try {
    const spec = jobSpec.parse(JSON.parse(text ?? ''));
    if (spec.operation === operation) return spec;
  } catch (error) {
    throw new JobError(
      'InvalidJob',
      `${JOB_SPEC_VARIABLE} is not a document that this release understands.`,
      {
        cause: error,
      },
    );
  }
  throw new JobError('InvalidJob', `${JOB_SPEC_VARIABLE} asks for another operation than ${operation}.`);
}

function perform(spec: JobSpec, context: JobContext): Promise<JobResult> {
  switch (spec.operation) {
    case 'backup':
      return takeBackup(spec, context);
    case 'restore':
    case 'drill':
      return fillVolume(spec, context);
    case 'import':
      return importFile(spec, context);
    case 'copy':
      return copyDatabase(spec, context);
    case 'delete':
      return deleteBackup(spec, context);
    case 'list':
      return listBackups(spec, context);
    case 'check':
      return checkStore(spec, context);
  }
}

/** Where it came from, without the message: that may quote anything. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return (error.stack ?? error.name)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .join('\n');
}
