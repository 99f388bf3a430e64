import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layer } from './archive.ts';
import { cachedLayer } from './cached.ts';
import { release, unpackedPackages } from './debian.ts';
import type { TarEntry } from './tar.ts';

/**
 * What the tests and the operator may use inside an image: commands that Debian's own base image has too
 * (coreutils, grep, sed, tar, gzip, findutils), so that nothing works here and fails on an official image.
 */
const COMMANDS =
  `basename cat chgrp chmod chown cp cut date dd df dirname du echo env expr false find grep gunzip
  gzip head hostname id ln ls md5sum mkdir mkfifo mktemp mv nproc od printenv printf pwd readlink realpath rm rmdir
  sed seq sha1sum sha256sum sha512sum sleep sort split stat sync tail tar tee test [ timeout touch tr true truncate
  uname uniq wc whoami xargs yes zcat`.split(/\s+/);

/** The C library with its loader: the least that a dynamically linked program wants. */
export async function libcLayer(say?: (line: string) => void): Promise<Layer> {
  const build = async (): Promise<TarEntry[]> => [
    ...skeleton(),
    ...(await libraries(['libc6'], say)),
    ...(await certificates(say)),
  ];
  return cachedLayer('libc', ['1', await release()], build, say);
}

/** The C++ library and its helper, for Node; goes on top of {@link libcLayer}. */
export function cppLibraries(say?: (line: string) => void): Promise<TarEntry[]> {
  return libraries(['libstdc++6', 'libgcc-s1'], say);
}

/** A shell and {@link COMMANDS}; goes on top of {@link libcLayer}. */
export async function shellLayer(say?: (line: string) => void): Promise<Layer> {
  return cachedLayer('shell', ['2', await release(), ...COMMANDS], () => shell(say), say);
}

/** dash is Debian's own /bin/sh: a script that passes there needs nothing that only busybox or bash has. */
async function shell(say?: (line: string) => void): Promise<TarEntry[]> {
  const [dash, busybox] = await Promise.all([
    unpackedPackages(['dash'], say).then((dir) => find(dir, 'bin/dash')),
    unpackedPackages(['busybox-static'], say).then((dir) => find(dir, 'bin/busybox')),
  ]);
  return [
    { kind: 'file', path: 'usr/bin/dash', from: dash, mode: 0o755 },
    { kind: 'symlink', path: 'usr/bin/sh', target: 'dash' },
    { kind: 'file', path: 'usr/bin/busybox', from: busybox, mode: 0o755 },
    ...[...COMMANDS, 'wget'].map(
      (name): TarEntry => ({ kind: 'symlink', path: `usr/bin/${name}`, target: 'busybox' }),
    ),
  ];
}

/** The folders and the few files of /etc that programs look for; `/lib` and `/bin` as Debian has them since 12. */
function skeleton(): TarEntry[] {
  const links = ['bin', 'lib', 'lib64', 'sbin'];
  return [
    ...links.map((name): TarEntry => ({ kind: 'symlink', path: name, target: `usr/${name}` })),
    ...['etc', 'dev', 'proc', 'sys', 'run', 'var/lib', 'usr/sbin'].map(
      (path): TarEntry => ({ kind: 'directory', path }),
    ),
    { kind: 'directory', path: 'root', mode: 0o700 },
    { kind: 'directory', path: 'tmp', mode: 0o1777 },
    { kind: 'file', path: 'etc/nsswitch.conf', content: 'hosts: files dns\n' },
    {
      kind: 'file',
      path: 'etc/passwd',
      content: 'root:x:0:0:root:/root:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/bin/false\n',
    },
    { kind: 'file', path: 'etc/group', content: 'root:x:0:\nnonroot:x:65532:\n' },
  ];
}

/** The shared objects of packages under `usr/`, wherever a release puts them; no character set converters. */
async function libraries(packages: string[], say?: (line: string) => void): Promise<TarEntry[]> {
  const dir = await unpackedPackages(packages, say);
  const entries: TarEntry[] = [];
  for (const name of (await readdir(dir, { recursive: true })).toSorted()) {
    if (!/^(usr\/)?lib.*\.so(\.[0-9.]+)?$/.test(name) || /\/(gconv|audit)\/|share\//.test(name)) continue;
    const path = name.replace(/^lib/, 'usr/lib');
    const info = await lstat(join(dir, name));
    if (info.isSymbolicLink())
      entries.push({ kind: 'symlink', path, target: await readlink(join(dir, name)) });
    else if (info.isFile())
      entries.push({ kind: 'file', path, from: join(dir, name), mode: info.mode & 0o777 });
  }
  return entries;
}

/** One bundle under the name that OpenSSL and Go look for; the package makes it in a script that does not run. */
async function certificates(say?: (line: string) => void): Promise<TarEntry[]> {
  const root = join(await unpackedPackages(['ca-certificates'], say), 'usr/share/ca-certificates/mozilla');
  const names = (await readdir(root)).filter((name) => name.endsWith('.crt')).toSorted();
  const bundle = await Promise.all(names.map((name) => readFile(join(root, name), 'utf8')));
  return [{ kind: 'file', path: 'etc/ssl/certs/ca-certificates.crt', content: bundle.join('') }];
}

/** A file of a package, in `/bin` or `/usr/bin` as the release has it. */
async function find(dir: string, path: string): Promise<string> {
  for (const candidate of [join(dir, path), join(dir, 'usr', path)]) {
    const info = await lstat(candidate).catch(() => undefined);
    if (info?.isFile()) return candidate;
  }
  throw new Error(`no ${path} in the package unpacked at ${dir}`);
}
