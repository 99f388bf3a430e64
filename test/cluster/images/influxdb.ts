import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureCached, go, goVersion, run } from '../toolcache.ts';
import { cachedImage, cachedLayer } from './cached.ts';
import { unpackedPackages } from './debian.ts';
import { libcLayer, shellLayer } from './rootfs.ts';
import type { TarEntry } from './tar.ts';

export type InfluxVersion = '1.6.7' | '1.7.11' | '1.8.10';

export interface InfluxBinaries {
  influxd: string;
  influx: string;
  /** Debian does not package it, so 1.6.7 comes without. */
  influxInspect?: string;
}

/** Paths of the programs of a real InfluxDB: 1.6.7 from Debian, later ones from their own source. */
export async function influxBinaries(
  version: InfluxVersion,
  say?: (line: string) => void,
): Promise<InfluxBinaries> {
  if (version === '1.6.7') {
    const dir = await unpackedPackages(['influxdb', 'influxdb-client'], say);
    const influxd = join(dir, 'usr/bin/influxd');
    const found = await run(influxd, ['version']);
    if (!found.includes(version))
      throw new Error(`this Debian release has another InfluxDB: ${found.trim()}`);
    return { influxd, influx: join(dir, 'usr/bin/influx') };
  }
  const dir = await ensureCached(
    `influxdb-${version}`,
    [process.arch, await goVersion(), JSON.stringify(buildOf(version))],
    (to) => build(to, version, say),
    say,
  );
  return {
    influxd: join(dir, 'influxd'),
    influx: join(dir, 'influx'),
    influxInspect: join(dir, 'influx_inspect'),
  };
}

/** Without cgo the programs are static: the machine that builds needs no C compiler. */
function buildOf(version: InfluxVersion): { args: string[]; env: Record<string, string> } {
  const names = ['influxd', 'influx', 'influx_inspect'];
  const packages = names.map((name) => `github.com/influxdata/influxdb/cmd/${name}@v${version}`);
  const args = ['install', '-trimpath', '-ldflags', `-s -w -X main.version=${version}`, ...packages];
  return { args, env: { CGO_ENABLED: '0' } };
}

async function build(
  to: string,
  version: InfluxVersion,
  say: (line: string) => void = () => {},
): Promise<void> {
  say(`building InfluxDB ${version}`);
  const { args, env } = buildOf(version);
  await run(await go(say), args, { env: { ...env, GOBIN: to }, endWithParent: true });
  if ((await readdir(to)).length !== 3) throw new Error(`InfluxDB ${version} was built incompletely`);
}

/**
 * Path of a docker-archive called `influxdb:<version>` that keeps the contract of the official image of that
 * version: programs in /usr/bin, a configuration with the three folders, a volume, port 8086, user root.
 */
export async function influxImage(version: InfluxVersion, say?: (line: string) => void): Promise<string> {
  const { influxd, influx, influxInspect } = await influxBinaries(version, say);
  const program = (name: string, from: string): TarEntry => ({
    kind: 'file',
    path: `usr/bin/${name}`,
    from,
    mode: 0o755,
  });
  const entries = async (): Promise<TarEntry[]> => [
    program('influxd', influxd),
    program('influx', influx),
    ...(influxInspect === undefined ? [] : [program('influx_inspect', influxInspect)]),
    { kind: 'directory', path: 'var/lib/influxdb' },
    { kind: 'file', path: 'etc/influxdb/influxdb.conf', content: configuration },
    { kind: 'file', path: 'entrypoint.sh', content: entrypoint, mode: 0o755 },
  ];
  const layers = [
    await libcLayer(say),
    await shellLayer(say),
    await cachedLayer(`influxdb-${version}`, [influxd, entrypoint], entries, say),
  ];
  const config = {
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', `INFLUXDB_VERSION=${version}`],
    Entrypoint: ['/entrypoint.sh'],
    Cmd: ['influxd'],
    ExposedPorts: { '8086/tcp': {} },
    Volumes: { '/var/lib/influxdb': {} },
  };
  const tags = [`docker.io/library/influxdb:${version}`];
  return cachedImage(`influxdb-${version}`, { tags, layers, config }, say);
}

const configuration = `[meta]
  dir = "/var/lib/influxdb/meta"

[data]
  dir = "/var/lib/influxdb/data"
  engine = "tsm1"
  wal-dir = "/var/lib/influxdb/wal"
`;

/** The official one makes a first user here as well, and not crash-safely; whoever uses these images must not need it. */
const entrypoint = `#!/bin/sh
set -e
case "$1" in -*) set -- influxd "$@" ;; esac
exec "$@"
`;
