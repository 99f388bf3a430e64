#!/usr/bin/env node
import { createInterface } from 'node:readline/promises';
import { runCli } from './command/run.ts';
import type { Terminal } from './command/verb.ts';
import { plain } from './output/plain.ts';

// The whole program, as a person at a terminal or a script starts it.

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
// Whoever read the output, such as head, has seen enough.
process.stdout.on('error', () => stop.abort());

const terminal: Terminal = {
  say: (line) => process.stdout.write(`${plain(line)}\n`),
  note: (line) => process.stderr.write(`${plain(line)}\n`),
  write: (bytes) => process.stdout.write(bytes),
  ask: process.stdin.isTTY
    ? async (question) => {
        const lines = createInterface({ input: process.stdin, output: process.stderr });
        try {
          return await lines.question(question, { signal: stop.signal });
        } finally {
          lines.close();
        }
      }
    : undefined,
  environment: process.env,
  stdin: process.stdin,
};

// No await at the top: the bundle is CommonJS, which Node starts without looking twice at it.
void runCli(process.argv.slice(2), terminal, stop.signal).then((code) => {
  process.exitCode = code;
});
