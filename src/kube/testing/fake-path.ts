/** What the path of a request names. */
export interface Target {
  /** `apps/v1/statefulsets` */
  collection: string;
  namespace?: string;
  name?: string;
  subresource?: string;
}

export function targetOf(path: string): Target {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const core = parts[0] === 'api';
  const prefix = parts.slice(1, core ? 2 : 3).join('/');
  let rest = parts.slice(core ? 2 : 3);
  let namespace: string | undefined;
  if (rest[0] === 'namespaces' && rest.length > 2) {
    namespace = rest[1] as string;
    rest = rest.slice(2);
  }
  return {
    collection: `${prefix}/${rest[0]}`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(rest[1] === undefined ? {} : { name: rest[1] }),
    ...(rest[2] === undefined ? {} : { subresource: rest[2] }),
  };
}
