import { GROUP } from '../../../api/group.ts';

/** What we say of a pod by labels and annotations is for nobody else to say. */
export function isOurs(key: string): boolean {
  return key.includes(`${GROUP}/`);
}
