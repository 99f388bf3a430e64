import { APP_REASON, type AppReason } from '../../api/reasons.ts';
import { entryOf } from './owners.ts';
import { type AppWish } from './wish.ts';
import { childNames } from '../world/names.ts';
import type { AppStatus } from '../../api/influx-addon.ts';
import type { Live } from '../../kube/objects/types.ts';
import { type Workload } from '../world/world.ts';
import type { Container } from 'kubernetes-types/core/v1.js';

export type EnvPatch =
  | { name: string; valueFrom: { secretKeyRef: { name: string; key: string } } }
  | { name: string; $patch: 'delete' };

export interface ContainerPatch {
  name: string;
  env: EnvPatch[];
}

export interface Survey {
  readonly containers: ContainerPatch[];
  readonly initContainers: ContainerPatch[];
  readonly missing: boolean;
  /** Some are to be taken out. */
  readonly removes: boolean;
  readonly aliasTaken: boolean;
  readonly refusal?: { reason: AppReason; message: string };
}

/**
 * Compares the variables in the template with the wish: what to add, what to remove, and what stands in the way.
 *
 * @param settled the wish was carried out in this very template: what is there beyond it, the owner keeps
 */
export function surveyVariables(
  wish: AppWish,
  workload: Live<Workload>,
  entry: AppStatus | undefined,
  settled = false,
): Survey {
  const spec = workload.spec?.template.spec;
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const wasInjected = entry?.injectedTemplate !== undefined;
  const none: Survey = {
    containers: [],
    initContainers: [],
    missing: false,
    removes: false,
    aliasTaken: false,
  };
  if (wish.env === 'FromSecret' && !wasInjected) return none;
  const absent = (wish.containers ?? []).find((name) => !all.some((container) => container.name === name));
  if (wish.env === 'Inject' && absent !== undefined) {
    const message = `${wish.kind} ${wish.name} has no container ${absent}; it has ${all.map(({ name }) => name).join(', ')}`;
    return { ...none, refusal: { reason: APP_REASON.containerMissing, message } };
  }
  let missing = false;
  let removes = false;
  let aliasTaken = false;
  let refusal: Survey['refusal'];
  const survey = (container: Container): ContainerPatch[] => {
    const chosen =
      wish.env === 'Inject' && (wish.containers === undefined || wish.containers.includes(container.name));
    const wanted = chosen ? wish.variables : [];
    const env: EnvPatch[] = [];
    for (const [index, name] of wanted.entries()) {
      const found = container.env?.find((variable) => variable.name === name);
      const source = found?.valueFrom?.secretKeyRef;
      const rival = rivalOf(wish, source?.name);
      if (found === undefined) {
        env.push({ name, valueFrom: { secretKeyRef: { name: wish.secretName, key: name } } });
        missing = true;
      } else if (source?.name === wish.secretName) {
        continue;
      } else if (rival !== undefined && index > 0) {
        aliasTaken = true;
      } else if (rival !== undefined) {
        const message = `spec.connection.prefix: ${wish.kind} ${wish.name} has ${name} from addon ${rival} already; choose another prefix`;
        refusal ??= { reason: APP_REASON.prefixTaken, message };
      } else {
        const message = `${wish.kind} ${wish.name} sets ${name} in container ${container.name} itself; remove it there, or choose another spec.connection.prefix`;
        refusal ??= { reason: APP_REASON.variableConflict, message };
      }
    }
    for (const name of injectedNames(container, wish.secretName)) {
      if (wanted.includes(name) || wish.kept?.includes(entryOf(container.name, name))) continue;
      env.push({ name, $patch: 'delete' });
      removes = true;
    }
    return env.length === 0 ? [] : [{ name: container.name, env }];
  };
  const containers = (spec?.containers ?? []).flatMap(survey);
  const initContainers = (spec?.initContainers ?? []).flatMap(survey);
  if (settled && !missing) return { ...none, aliasTaken, ...(refusal === undefined ? {} : { refusal }) };
  return {
    containers,
    initContainers,
    missing,
    removes,
    aliasTaken,
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** The other addon whose Secret it is. A name alone says nothing: anybody may call a Secret so. */
function rivalOf({ rivals = [] }: AppWish, secretName: string | undefined): string | undefined {
  return rivals.find((addon) => childNames(addon).urlSecret === secretName);
}

/** Names of the variables that refer to the addon's Secret under the very key that injection uses. */
export function injectedNames(container: Container, secretName: string): string[] {
  return (container.env ?? [])
    .filter(
      ({ name, valueFrom }) =>
        valueFrom?.secretKeyRef?.name === secretName && valueFrom.secretKeyRef.key === name,
    )
    .map(({ name }) => name);
}
