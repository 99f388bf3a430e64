import { cachedImage } from './cached.ts';
import { libcLayer, shellLayer } from './rootfs.ts';

/** The official image of this name has all that is used of ours: where there is a registry it is taken from there. */
export const busyboxImageName = 'busybox:1.36.1';

/** Path of the docker-archive of a small image with a shell, a web server and a DNS client, for test pods. */
export async function busyboxImage(say?: (line: string) => void): Promise<string> {
  const layers = [await libcLayer(say), await shellLayer(say)];
  const tags = [`docker.io/library/${busyboxImageName}`];
  return cachedImage('busybox', { tags, layers, config: { Cmd: ['sh'] } }, say);
}
