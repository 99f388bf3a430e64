import { API_VERSION } from './group.ts';
import type { InfluxPlan, InfluxPlanSpec } from './influx-plan.ts';
import type { InfluxVersion, InfluxVersionSpec } from './influx-version.ts';

/** What a plan has, by memory. Everything doubles with it, but CPU and connections, which a small database needs too. */
interface Size {
  name: string;
  memory: string;
  cpu: { request: string; limit: string };
  /** Volume and its ceiling, GiB. */
  storage: [size: number, maxSize: number];
  connections: number;
  concurrentQueries: number;
  series: number;
}

// Series: with the on-disk index one costs the engine 2 to 2.6 kB of memory, which makes a quarter of the plan's at the limit.
const sizes: readonly Size[] = [
  {
    name: '512m',
    memory: '512Mi',
    cpu: { request: '125m', limit: '500m' },
    storage: [10, 20],
    connections: 500,
    concurrentQueries: 10,
    series: 50_000,
  },
  {
    name: '1g',
    memory: '1Gi',
    cpu: { request: '250m', limit: '1' },
    storage: [20, 40],
    connections: 1000,
    concurrentQueries: 20,
    series: 100_000,
  },
  {
    name: '2g',
    memory: '2Gi',
    cpu: { request: '500m', limit: '2' },
    storage: [40, 80],
    connections: 1500,
    concurrentQueries: 25,
    series: 200_000,
  },
  {
    name: '4g',
    memory: '4Gi',
    cpu: { request: '1', limit: '2' },
    storage: [80, 160],
    connections: 2000,
    concurrentQueries: 30,
    series: 400_000,
  },
  {
    name: '8g',
    memory: '8Gi',
    cpu: { request: '2', limit: '4' },
    storage: [160, 320],
    connections: 3000,
    concurrentQueries: 40,
    series: 800_000,
  },
  {
    name: '16g',
    memory: '16Gi',
    cpu: { request: '3', limit: '6' },
    storage: [320, 640],
    connections: 4000,
    concurrentQueries: 45,
    series: 1_600_000,
  },
  {
    name: '32g',
    memory: '32Gi',
    cpu: { request: '4', limit: '8' },
    storage: [640, 1280],
    connections: 5000,
    concurrentQueries: 50,
    series: 3_200_000,
  },
];

/** The plans that ship with the operator, smallest first: those of class Starter, then those of class Business. */
export const plans: readonly InfluxPlan[] = [
  ...sizes.map((size) => planOf(size, 'Starter', size.name)),
  ...sizes.map((size) => planOf(size, 'Business', `${size.name}-business`)),
];

/** The engine versions that ship with the operator, oldest first; the tags are those of the official image. */
export const versions: readonly InfluxVersion[] = [
  versionOf('1.7.11', { image: 'influxdb:1.7.11' }),
  versionOf('1.8.10', { image: 'influxdb:1.8.10', default: true }),
];

function planOf(size: Size, planClass: InfluxPlanSpec['class'], name: string): InfluxPlan {
  const { memory, cpu, storage, connections, concurrentQueries, series } = size;
  return {
    apiVersion: API_VERSION,
    kind: 'InfluxPlan',
    metadata: { name },
    spec: {
      class: planClass,
      memory,
      cpu,
      storage: { size: `${storage[0]}Gi`, maxSize: `${storage[1]}Gi` },
      limits: { connections, concurrentQueries, queryTimeout: '60s', series },
      lifecycle: 'Available',
    },
  };
}

function versionOf(name: string, spec: InfluxVersionSpec): InfluxVersion {
  return {
    apiVersion: API_VERSION,
    kind: 'InfluxVersion',
    metadata: { name },
    spec: { ...spec, lifecycle: 'Available' },
  };
}
