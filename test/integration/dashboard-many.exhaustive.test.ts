import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser, type TestBrowser } from './dashboard-browser.ts';
import { type RunningDashboard, startDashboard } from './dashboard-server.ts';
import type { OperatorBed } from './operator-bed.ts';
import { withOperatorBed } from './with-bed.ts';

/** A list as long as a large installation has, in a real browser. Nobody operates these addons. */
const NAMESPACE = 'many';
const ADDONS = 1_000;
/** The best of so many counts: what else the machine does is not the page's. */
const TIMES = 5;
let bed: OperatorBed;
let board: RunningDashboard;
let browser: TestBrowser;
withOperatorBed((started) => {
  bed = started;
});

beforeAll(async () => {
  await bed.namespace(NAMESPACE);
  const names = Array.from({ length: ADDONS }, (_, index) => `db-${index}`);
  for (let from = 0; from < names.length; from += 50)
    await Promise.all(names.slice(from, from + 50).map((name) => bed.addon(NAMESPACE, name)));
  board = await startDashboard(bed.plane.kubeconfig, NAMESPACE);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await board?.[Symbol.asyncDispose]();
});

test('a thousand addons are on the screen within a second of the page being opened', async () => {
  const page = await browser.page(board.address);
  await page.evaluateOnNewDocument(`
    const look = () => {
      const lines = document.querySelectorAll('table.addons tbody tr').length;
      if (lines < ${ADDONS}) requestAnimationFrame(look);
      else requestAnimationFrame(() => { globalThis.shownAfter = performance.now(); });
    };
    look();
  `);
  const took: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    await page.reload();
    await page.waitForFunction('globalThis.shownAfter !== undefined');
    took.push(Number(await page.evaluate('globalThis.shownAfter')));
  }
  await browser.screenshot(page, 'many');
  expect(browser.complaints).toEqual([]);
  const slowness = Number(process.env['TEST_SLOWNESS'] ?? 1);
  expect(Math.min(...took), `all of ${took.join(', ')} ms`).toBeLessThan(1_000 * slowness);
});
