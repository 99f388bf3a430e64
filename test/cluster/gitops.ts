import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureCached, go, goVersion, run } from './toolcache.ts';

/** What a tool thinks of an object, in its own words. */
export interface Verdict {
  readonly status: string;
  readonly message: string;
}

/** `from` and `to` are only there when the tool would change something. */
export interface Difference {
  readonly changed: boolean;
  readonly from?: object;
  readonly to?: object;
}

/**
 * Path of the program that asks GitOps tools' own libraries, which gitops/main.go is. Built from Go modules once (three
 * minutes on two cores from nothing, 60 MB).
 */
export async function gitopsBinary(say: (line: string) => void = () => {}): Promise<string> {
  const source = join(import.meta.dirname, 'gitops');
  const names = ['go.mod', 'go.sum', 'main.go'];
  const contents = await Promise.all(names.map((name) => readFile(join(source, name), 'utf8')));
  const args = ['build', '-tags', 'providerless', '-trimpath', '-ldflags', '-s -w'];
  const env = { CGO_ENABLED: '0' };
  const dir = await ensureCached(
    'gitops',
    [process.arch, await goVersion(), JSON.stringify([args, env]), ...contents],
    async (to) => {
      say('building the libraries of GitOps tools from Go modules (a few minutes, once)');
      const output = ['-o', join(to, 'gitops'), '.'];
      await run(await go(say), [...args, ...output], { cwd: source, env, log: say, endWithParent: true });
    },
    say,
  );
  return join(dir, 'gitops');
}

const argoCd = 'github.com/argoproj/argo-cd/v3@v3.3.0';

/** Path of the definition of Argo CD's kind Application, out of its Go module (25 MB, once). */
export async function argoApplicationCrd(say: (line: string) => void = () => {}): Promise<string> {
  const file = 'application-crd.yaml';
  const dir = await ensureCached(
    'argocd-crd',
    [argoCd],
    async (to) => {
      say('downloading the definitions of Argo CD');
      const answer = await run(await go(say), ['mod', 'download', '-json', argoCd]);
      const { Dir } = JSON.parse(answer) as { Dir: string };
      await copyFile(join(Dir, 'manifests/crds', file), join(to, file));
    },
    say,
  );
  return join(dir, file);
}

/** What makes each of these no manifest of Flux, by the types of its controllers; empty when nothing does. */
export function fluxFaults(manifests: readonly object[]): Promise<string[]> {
  return ask('flux-kind', manifests);
}

/** What Argo CD makes of each object with a health check in Lua. */
export function argoHealth(script: string, objects: readonly object[]): Promise<Verdict[]> {
  return ask(
    'health',
    objects.map((object) => ({ script, object })),
  );
}

/** What kstatus, and so Flux, makes of each object. */
export function kstatus(objects: readonly object[]): Promise<Verdict[]> {
  return ask('kstatus', objects);
}

/** What a tool would change of each of these manifests in a cluster. */
export function gitopsDiff(
  tool: 'argo' | 'flux',
  kubeconfig: string,
  manifests: readonly object[],
): Promise<Difference[]> {
  return ask(`${tool}-diff`, manifests, { KUBECONFIG: kubeconfig });
}

async function ask<Answer>(
  what: string,
  requests: readonly object[],
  env: Record<string, string> = {},
): Promise<Answer[]> {
  const answers = await run(await gitopsBinary(), [what], { input: JSON.stringify(requests), env });
  return JSON.parse(answers) as Answer[];
}
