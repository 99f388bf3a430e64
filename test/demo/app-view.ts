import type { Kubectl } from './kubectl.ts';

/**
 * Runs inside the application's own pod, where INFLUX_URL is and its host name resolves. The URL is read there and
 * leaves it by no argument and no output.
 */
const script = `
const { origin, pathname, username, password } = new URL(process.env.INFLUX_URL);
const query = new URLSearchParams({ db: pathname.slice(1), q: 'SELECT COUNT(n) FROM demo' });
const authorization = 'Basic ' + Buffer.from(username + ':' + password).toString('base64');
const answer = await fetch(origin + '/query?' + query, { headers: { authorization } });
const { results, error } = await answer.json();
if (error || results[0].error) throw new Error(error || results[0].error);
console.log(results[0].series?.[0].values[0][1] ?? 0);
`;

/** How many points of the demo the database holds, asked through the URL that the application has. */
export async function pointsThroughUrl(
  kube: Kubectl,
  pod: string,
  signal?: AbortSignal,
  namespace = 'default',
): Promise<number> {
  const command = ['exec', '-n', namespace, pod, '--', '/usr/bin/node', '--input-type=module', '-e', script];
  return Number(await kube.run(command, signal === undefined ? {} : { signal }));
}
