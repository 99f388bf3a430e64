import type { InfluxAddonSpec } from '../../api/influx-addon.ts';
import { CliError, EXIT } from '../cli-error.ts';

type App = NonNullable<InfluxAddonSpec['apps']>[number];

const KINDS: Readonly<Record<string, App['kind']>> = {
  deployment: 'Deployment',
  deploy: 'Deployment',
  statefulset: 'StatefulSet',
  sts: 'StatefulSet',
  daemonset: 'DaemonSet',
  ds: 'DaemonSet',
};

/** `web`, `deployment/web`, `sts/worker`: as kubectl names workloads. Throws CliError (usage). */
export function boundApp(text: string, inject: boolean): App {
  const [first = '', second] = text.split('/');
  const kind = second === undefined ? 'Deployment' : KINDS[first.toLowerCase()];
  if (kind === undefined)
    throw new CliError(
      EXIT.usage,
      `${text}: write NAME or one of deployment/, statefulset/, daemonset/ and NAME`,
    );
  return {
    ...(kind === 'Deployment' ? {} : { kind }),
    name: second ?? first,
    ...(inject ? { env: 'Inject' } : {}),
  };
}
