import { engineInForce } from '../../influx/engines.ts';
import type { Secret } from '../../kube/objects/kinds.ts';
import { writeRecord } from '../../contents/record.ts';
import { given } from '../../kube/objects/given.ts';
import { ADMIN_KEY, ADMIN_USER, USER_KEY_PREFIX } from '../identity/admin-keys.ts';
import { encode } from '../world/secret-data.ts';
import { type ContentsFacts, type Facts } from '../world/facts.ts';
import { ANNOTATION, childNames, keptMeta } from '../world/names.ts';
import type { BuildContext } from './context.ts';
import { withUnknownKeys } from './intent/unknown-keys.ts';

/**
 * The administrator, the copy from which edited Secrets are restored, and the durable facts. It has no owner: under
 * `Retain` it stays with the volume, and an addon of the same name goes on from it.
 */
export function buildAdminSecret({
  addon,
  facts,
  target,
  children,
}: Pick<BuildContext, 'addon' | 'facts' | 'target' | 'children'>): Secret {
  const { adminSecret, claim } = children;
  const present = adminSecret?.metadata.annotations ?? {};
  // One of an older release says nothing of this, and is not written to for it. One whose annotations somebody took off
  // is written to anyway.
  const unmarked = adminSecret === undefined ? addon.metadata.uid : undefined;
  const stripped =
    present[ANNOTATION.intent] === undefined ? claim?.metadata.annotations?.[ANNOTATION.madeFor] : undefined;
  const madeFor = present[ANNOTATION.madeFor] ?? unmarked ?? stripped;
  const metadata = keptMeta(addon, childNames(addon.metadata.name).adminSecret);
  const administrator = { username: ADMIN_USER, password: facts.adminPassword };
  const statements = engineInForce(target.version.name).pod.adminFiles(administrator);
  const intent: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...metadata,
      annotations: {
        ...metadata.annotations,
        ...(madeFor === undefined ? {} : { [ANNOTATION.madeFor]: madeFor }),
      },
    },
    type: 'Opaque',
    data: encode({
      [ADMIN_KEY.id]: facts.id,
      [ADMIN_KEY.username]: facts.username,
      [ADMIN_KEY.password]: facts.password,
      [ADMIN_KEY.adminUsername]: ADMIN_USER,
      [ADMIN_KEY.adminPassword]: facts.adminPassword,
      [ADMIN_KEY.openedBy]: facts.openedBy ?? target.version.name,
      [ADMIN_KEY.inForce]: JSON.stringify(target),
      ...(facts.passwordUnproven ? { [ADMIN_KEY.passwordUnproven]: 'true' } : {}),
      ...rotationEntries(facts),
      ...(facts.contents === undefined ? {} : contentsEntries(facts.contents)),
      ...statements,
    }),
  };
  return withUnknownKeys(intent, adminSecret);
}

/** Passwords among it: those that the database is about to accept, and those that it still does. */
function rotationEntries({ rotation, rotatedFor, retired }: Facts): Record<string, string> {
  const record = rotation === undefined ? undefined : JSON.stringify(rotation);
  return given({
    [ADMIN_KEY.rotation]: record,
    [ADMIN_KEY.rotatedFor]: rotatedFor,
    [ADMIN_KEY.retired]: retired,
  }) as Record<string, string>;
}

function contentsEntries({ record, passwords }: ContentsFacts): Record<string, string> {
  const written = writeRecord(record);
  const users = Object.entries(passwords).map(([name, password]) => [`${USER_KEY_PREFIX}${name}`, password]);
  return {
    ...(written === undefined ? {} : { [ADMIN_KEY.contents]: written }),
    ...(Object.fromEntries(users) as Record<string, string>),
  };
}
