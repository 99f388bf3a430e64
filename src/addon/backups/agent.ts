import { findingOf } from '../decision/findings.ts';
import { acting, type Outcome } from '../decision/outcome.ts';
import type { Scene } from '../decision/story.ts';
import type { Finding } from '../world/memory.ts';
import { X509Certificate } from 'node:crypto';
import { backupsOf } from '../../api/addon-defaults.ts';
import { AGENT_FILES, AGENT_NAME } from '../../backup/agent-files.ts';
import { Secret } from '../../kube/objects/kinds.ts';
import type { Kind } from '../../kube/objects/kinds.ts';
import type { KubeObject, Live } from '../../kube/objects/types.ts';
import { makePrivatePair } from '../../tls/private-pair.ts';
import { leafDueAt } from '../../tls/renewal.ts';
import type { Action, IssueAgentPairAction } from '../decision/action.ts';
import { decode, encode } from '../world/secret-data.ts';
import { type InForce } from '../world/facts.ts';
import { childNames, ownedMeta } from '../world/names.ts';
import { replacement } from '../children/intent/merge.ts';
import type { World } from '../world/world.ts';

/**
 * The image of the agent, for a database that has a store: the one it was last started with, since a database's
 * restart must not come to depend on the image of the operator's newest release.
 */
export function agentOf(
  { addon, settings }: Pick<World, 'addon' | 'settings'>,
  current: Pick<InForce, 'agent'> | undefined,
): Pick<InForce, 'agent'> {
  if (backupsOf(addon) === undefined) return {};
  const image = current?.agent?.image ?? settings.backups?.agentImage;
  return image === undefined ? {} : { agent: { image } };
}

/** What has to be done so that agent and Jobs trust each other, and nobody else; undefined when they do. */
export function agentSecretAction(world: World, target: InForce, now: Date): Action | undefined {
  const { addon, children } = world;
  const live = children.agentSecret;
  if (live?.metadata.deletionTimestamp !== undefined) return undefined;
  const { agentSecret: name } = childNames(addon.metadata.name);
  if (target.agent === undefined) {
    if (live === undefined) return undefined;
    const { uid, resourceVersion, namespace = '' } = live.metadata;
    const key = { name, namespace };
    return { do: 'delete', kind: Secret as Kind<KubeObject>, key, uid, resourceVersion, why: 'no store' };
  }
  if (isGood(live, addon.metadata.uid, now)) return undefined;
  const object = { metadata: ownedMeta(addon, name), type: 'Opaque' };
  return { do: 'issueAgentPair', object, live };
}

/** The pair as it is to be stored. */
export async function agentSecret({ object, live }: IssueAgentPairAction, now: Date): Promise<Secret> {
  const { authorityPem, server, client } = await makePrivatePair({ name: AGENT_NAME, now });
  const data = encode({
    [AGENT_FILES.authority]: authorityPem,
    [AGENT_FILES.serverCertificate]: server.certPem,
    [AGENT_FILES.serverKey]: server.keyPem,
    [AGENT_FILES.clientCertificate]: client.certPem,
    [AGENT_FILES.clientKey]: client.keyPem,
  });
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', ...object, data };
  return live === undefined ? secret : replacement(live, secret);
}

const judged = new WeakMap<Secret, { readonly dueAt: Date } | 'Bad'>();

/** Remembered for as long as the Secret is the same: every look at an addon asks. */
function isGood(live: Live<Secret> | undefined, uid: string, now: Date): boolean {
  if (live === undefined) return false;
  const found = judged.get(live) ?? judge(live, uid);
  judged.set(live, found);
  return found !== 'Bad' && found.dueAt > now;
}

function judge(live: Live<Secret>, uid: string): { readonly dueAt: Date } | 'Bad' {
  const files = decode(live);
  if (Object.values(AGENT_FILES).some((name) => files[name] === undefined)) return 'Bad';
  try {
    const authority = new X509Certificate(files[AGENT_FILES.authority] ?? '');
    const leaves = [AGENT_FILES.serverCertificate, AGENT_FILES.clientCertificate].map(
      (name) => new X509Certificate(files[name] ?? ''),
    );
    if (!leaves.every((leaf) => leaf.verify(authority.publicKey))) return 'Bad';
    const [leaf = authority] = leaves;
    return { dueAt: leafDueAt({ notBefore: leaf.validFromDate, notAfter: leaf.validToDate }, uid) };
  } catch {
    return 'Bad'; // an edited Secret is made anew
  }
}

/** Before there is a pod that mounts it; a database without it starts all the same. */
export function agentPairStep({
  world,
  target,
  active,
  now,
}: Scene & { readonly target: InForce; readonly active: readonly Finding[] }): Outcome | undefined {
  const pair = agentSecretAction(world, target, now);
  return pair !== undefined && findingOf(pair, active) === undefined ? acting([pair]) : undefined;
}
