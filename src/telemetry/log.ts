import { pino, type Logger as PinoLogger, type LoggerOptions } from 'pino';
import type { Config } from '../config.ts';

/** Paths whose values never reach a log, wherever an object that holds them is logged by mistake. */
const SECRET_KEYS = [
  'password',
  'adminPassword',
  'token',
  'authorization',
  'data',
  'stringData',
  'access',
  'steps',
  'uri',
  'url',
];

/** Structured logs on standard output: JSON, or for people on a terminal. */
export async function makeLogger(config: Pick<Config, 'log-level' | 'log-format'>): Promise<PinoLogger> {
  const options: LoggerOptions = {
    level: config['log-level'],
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    serializers: { error: describeError, err: describeError },
  };
  const pretty =
    config['log-format'] === 'pretty' || (config['log-format'] === 'auto' && process.stdout.isTTY);
  if (!pretty) return pino(options);
  const { default: prettify } = await import('pino-pretty');
  return pino(options, prettify({ colorize: process.stdout.isTTY, ignore: 'time', sync: true }));
}

/** Name, message and code of an error: never its other fields, which may hold a request. */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(isExpected(error) ? {} : { stack: error.stack }),
  };
}

function isExpected(error: Error): boolean {
  return error.name === 'ApiError' || error.name === 'InfluxError' || error.name === 'AbortError';
}
