import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitFor } from './bed-api.ts';
import { endOrphans } from './orphans.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

test('a long command ends with the process that runs it, however that one ends', async () => {
  const program = `import { run } from ${JSON.stringify(join(import.meta.dirname, 'run-command.ts'))};
    const log = (line) => console.log(line);
    await run('sh', ['-c', 'echo $$; exec sleep 100000'], { endWithParent: true, log });`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  const command = identityOf(Number(line));
  expect(isAlive(command)).toBe(true);
  owner.kill('SIGKILL');
  await waitFor('its end', async () => !isAlive(command), { timeoutMs: PATIENCE_MS });
});

test('what a process leaves running is ended when it is gone, and not before', async () => {
  const program = `import { spawn } from 'node:child_process';
    import { ownerMark } from ${JSON.stringify(join(import.meta.dirname, 'orphans.ts'))};
    const env = { ...process.env, ...ownerMark() };
    const child = spawn('sleep', ['100000'], { env, detached: true, stdio: 'ignore' });
    child.once('spawn', () => console.log(child.pid));`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const exited = once(owner, 'exit');
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  const left: ProcessIdentity = identityOf(Number(line));
  onTestFinished(() => {
    if (isAlive(left)) process.kill(left.pid, 'SIGKILL');
  });

  expect(endOrphans()).not.toContain(left.pid);
  expect(isAlive(left)).toBe(true);
  owner.kill('SIGKILL');
  await exited;
  // Another run on this machine may have been first.
  endOrphans();
  await waitFor('its end', async () => !isAlive(left), { timeoutMs: PATIENCE_MS });
});
