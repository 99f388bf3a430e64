import { readFileSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { observeBackupMetrics } from '../src/telemetry/backup-metrics.ts';
import { observeMaintenance } from '../src/telemetry/maintenance-metrics.ts';
import { Metrics } from '../src/telemetry/metrics.ts';
import { alertGroups } from './alerts.ts';
import { board } from './board.ts';

const rules = alertGroups.groups.flatMap((group) => group.rules);

/** Names of the metrics that the operator really serves. */
function served(): Set<string> {
  const metrics = new Metrics();
  const registry: Registry = metrics.registry;
  metrics.observe({
    queueLengths: () => new Map(),
    addonsByStatus: () => new Map(),
    watchAgeSeconds: () => 0,
    addons: () => [],
  });
  observeMaintenance(registry, () => ({ running: 0, failures: 0, frozen: false, pending: new Map() }));
  observeBackupMetrics(registry, () => []);
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  return new Set([...names, ...names.map((name) => `${name}_bucket`)]);
}

function metricsIn(expr: string): string[] {
  return [...expr.matchAll(/\binfluxaddon_\w+/g)].map(([name]) => name);
}

test('alerts ask only for metrics that exist', () => {
  const known = served();
  for (const { alert, expr } of rules) {
    expect(metricsIn(expr).length, alert).toBeGreaterThan(0);
    for (const name of metricsIn(expr)) expect(known, alert).toContain(name);
  }
});

test('the board asks only for metrics that exist, each panel at a place of its own', () => {
  const known = served();
  const expressions = board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const queries = board.templating.list.map(({ query }) => query);
  for (const name of [...expressions, ...queries].flatMap(metricsIn)) expect(known).toContain(name);
  const places = board.panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`);
  expect(new Set(places).size).toBe(board.panels.length);
});

test('every alert has a runbook, and every runbook an alert', () => {
  const text = readFileSync('docs/runbooks.md', 'utf8');
  const headings = [...text.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
  expect(headings).toEqual(rules.map(({ alert }) => alert));
  for (const { alert, annotations } of rules)
    expect(annotations.runbook_url).toBe(`RUNBOOKS#${alert.toLowerCase()}`);
});
