import type { Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { InfluxAddonSpec } from '../../src/api/influx-addon.ts';
import { InfluxAddon, InfluxBackup, InfluxRestore } from '../../src/api/kinds.ts';
import { PATIENCE_MS } from '../patience.ts';
import { makeStore } from './backing-up.ts';
import { secretData } from './database.ts';
import { startBrowser, type TestBrowser } from './dashboard-browser.ts';
import { type RunningDashboard, startDashboard } from './dashboard-server.ts';
import { FakeStore } from './fake-store.ts';
import { type OperatorBed } from './operator-bed.ts';
import { withOperatorBed } from './with-bed.ts';

/** The page in a real browser, on a real API server and a running operator: everything that it offers is tried. */
const NAMESPACE = 'page';
let bed: OperatorBed;
let board: RunningDashboard;
let browser: TestBrowser;
let page: Page;
withOperatorBed(
  (started) => {
    bed = started;
  },
  // The tests tell one story, in one page.
  { keep: 'File' },
);

beforeAll(async () => {
  bed.kubelet.jobs = new FakeStore().run;
  await bed.startOperator({ only: NAMESPACE });
  await bed.namespace(NAMESPACE);
  await makeStore(bed, NAMESPACE);
  await bed.addon(NAMESPACE, 'metrics', { version: '1.8' });
  await bed.addon(NAMESPACE, 'other', { version: '1.7' });
  board = await startDashboard(bed.plane.kubeconfig, NAMESPACE);
  browser = await startBrowser();
  await bed.ready(NAMESPACE, 'metrics');
  await bed.ready(NAMESPACE, 'other');
  page = await browser.page(board.address);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail' && page !== undefined)
    await browser.screenshot(page, `failed-${task.name}`);
  expect(browser?.complaints.splice(0)).toEqual([]);
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await board?.[Symbol.asyncDispose]();
});

const addon = () => bed.get(NAMESPACE, 'metrics');
const shown = (text: string, root = 'main') =>
  page.waitForFunction(
    `document.querySelector(${JSON.stringify(root)})?.textContent.includes(${JSON.stringify(text)})`,
  );
/**
 * Presses what is there and enabled, in the page itself: where it was a moment ago may be something else by now, as the
 * page goes on telling what the operator does.
 */
const click = (selector: string) =>
  page.waitForFunction(`(() => {
    const found = document.querySelector(${JSON.stringify(selector)});
    if (found === null || found.disabled === true || found.getClientRects().length === 0) return false;
    found.click();
    return true;
  })()`);
const fill = (selector: string, text: string) => page.locator(selector).fill(text);

async function open(tab = 'overview', name = 'metrics'): Promise<void> {
  const { origin } = new URL(board.address);
  await page.goto(`${origin}/#/${NAMESPACE}/${name}/${tab}`);
  await page.waitForSelector('nav a[aria-current]');
  await page.waitForSelector('main section, main .notice, main .logs, main .events');
}

/** Says yes in the dialog, whose text is returned. */
async function yes(typed?: string): Promise<string> {
  await page.waitForSelector('dialog[open]');
  const text = (await page.$eval('dialog', (dialog) => dialog.textContent)) ?? '';
  if (typed !== undefined) await fill('dialog input[name=confirm]', typed);
  await click('dialog button[name=yes]');
  await page.waitForSelector('dialog', { hidden: true });
  return text;
}

/** Waits until the spec is so; what the page says meanwhile is in the error. */
async function spec(is: (spec: InfluxAddonSpec) => boolean): Promise<void> {
  await expect.poll(async () => is((await addon()).spec), { timeout: PATIENCE_MS, interval: 200 }).toBe(true);
  // A message of success tells that the page is free for the next.
  await page.waitForSelector('.messages p.good');
  await closeMessages();
}

async function closeMessages(): Promise<void> {
  await page.waitForFunction(`(() => {
    for (const button of document.querySelectorAll('.messages button')) button.click();
    return document.querySelectorAll('.messages p').length === 0;
  })()`);
}

async function refused(words: string): Promise<void> {
  await page.waitForSelector('.messages p.bad');
  await shown(words, '.messages');
  await closeMessages();
  // The browser itself notes every answer that is an error.
  const own = browser.complaints.splice(0).filter((each) => !each.includes('Failed to load resource'));
  expect(own).toEqual([]);
}

describe('the list', () => {
  test('is there by the printed address, whose token leaves it at once and survives a reload', async () => {
    await page.waitForSelector(`tr[data-key="${NAMESPACE}/metrics"]`);
    expect(page.url()).not.toContain('token');
    await page.reload();
    await page.waitForSelector(`tr[data-key="${NAMESPACE}/metrics"]`);
    expect(await page.$eval('header [role=status]', (each) => each.textContent)).toBe('Live');
    await browser.screenshot(page, 'list-light');
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await browser.screenshot(page, 'list-dark');
    await page.emulateMediaFeatures([]);
  });

  test('changes by itself where something happened, and nowhere else', async () => {
    await page.evaluate(`
      globalThis.touched = new Set();
      new MutationObserver((all) => {
        for (const { target } of all)
          touched.add((target.closest ?? target.parentElement.closest).call(target.closest ? target : target.parentElement, 'tr')?.dataset.key ?? 'the table');
      }).observe(document.querySelector('table.addons'), { subtree: true, childList: true, characterData: true, attributes: true });
    `);
    await bed.client.patch(
      InfluxAddon,
      { namespace: NAMESPACE, name: 'other' },
      { spec: { plan: '1g' } },
      { type: 'merge' },
    );
    await page.waitForFunction(
      `document.querySelector('tr[data-key="${NAMESPACE}/other"] [data-label=Plan]').textContent === '1g'`,
    );
    expect(await page.evaluate('[...touched]')).toEqual([`${NAMESPACE}/other`]);
  });

  test('is searched, and is used without a mouse', async () => {
    await fill('input[name=search]', 'metr');
    await page.waitForFunction("document.querySelectorAll('tbody tr').length === 1");
    await page.focus('input[name=search]');
    for (const _ of 'metr') await page.keyboard.press('Backspace');
    await page.waitForFunction("document.querySelectorAll('tbody tr').length > 1");
    await page.focus('input[name=bad]');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('h1 small');
    expect(page.url()).toContain(`#/${NAMESPACE}/metrics`);
  });

  test('who does not have the token sees nothing, and is told where to find it', async () => {
    const context = await page.browser().createBrowserContext();
    const other = await context.newPage();
    await other.goto(new URL(board.address).origin);
    await other.waitForSelector('.notice.bad');
    expect(await other.$eval('main', (main) => main.textContent)).toContain('kubectl influx dashboard');
    await context.close();
  });
});

describe('an addon', () => {
  test('shows its state, and no password before it is asked for', async () => {
    await open();
    await shown('Ready');
    const urls = await secretData(bed, NAMESPACE, 'metrics-influx');
    const { password } = new URL(urls['INFLUX_URL'] ?? '');
    expect(password.length).toBeGreaterThan(20);
    expect(await page.content()).not.toContain(password);
    await click('button[name=reveal]');
    await shown(password);
    await click('button[name=reveal]');
    await shown('********');
    expect(await page.content()).not.toContain(password);
    await browser.screenshot(page, 'addon-light');
  });

  test('keeps its buttons where they are, whatever is told meanwhile, and nothing of it under what is told', async () => {
    const other = await browser.page(board.address);
    try {
      // As if the server had told it.
      await other.evaluateOnNewDocument(`{
        const real = fetch;
        globalThis.fetch = async (path, ...rest) => {
          const answer = await real(path, ...rest);
          if (!path.endsWith('/stream')) return answer;
          return new Response(new ReadableStream({
            async start(controller) {
              globalThis.tell = (name, data) => controller.enqueue(
                new TextEncoder().encode('event: ' + name + '\\ndata: ' + JSON.stringify(data) + '\\n\\n'),
              );
              for await (const chunk of answer.body) controller.enqueue(chunk);
            },
          }), answer);
        };
      }`);
      await other.goto(`${new URL(board.address).origin}/#/${NAMESPACE}/metrics/overview`);
      await other.reload();
      await other.waitForFunction(
        "document.querySelector('.story')?.textContent.includes('next:') && document.querySelector('select[name=plan] option')",
      );
      const places = () =>
        other.$$eval('main button, nav a', (all) =>
          all.map((each) => {
            const { x, y, width, height } = each.getBoundingClientRect();
            return [each.textContent, x, y, width, height];
          }),
        );
      const before = await places();
      expect(before.length).toBeGreaterThan(10);
      await other.evaluate(`tell('trouble', 'backups cannot be watched now; '.repeat(40))`);
      await other.waitForSelector('.trouble p');
      expect(await places()).toEqual(before);
      const hidden = await other.evaluate(`(() => {
        scrollTo(0, document.documentElement.scrollHeight);
        const end = document.querySelector('footer').getBoundingClientRect().bottom;
        return end - document.querySelector('.notices').getBoundingClientRect().top;
      })()`);
      expect(hidden).toBeLessThanOrEqual(0);
      await other.evaluate('scrollTo(0, 0)');
      await other.evaluate(`tell('story', Array.from({ length: 40 }, (_, at) => 'line ' + at))`);
      await other.waitForFunction("document.querySelector('.story').textContent.includes('line 39')");
      expect(await places()).toEqual(before);
      await other.evaluate(`tell('trouble', '')`);
      await other.waitForFunction("document.querySelector('.trouble p') === null");
      expect(await places()).toEqual(before);
    } finally {
      await other.close();
    }
  });

  test('another plan is previewed, may be left alone, and is taken', async () => {
    await open();
    await page.waitForSelector('select[name=plan] option[value="1g"]');
    await page.select('select[name=plan]', '1g');
    await page.focus('button[name=preview-plan]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await shown('memory: 512Mi -> 1Gi', 'dialog');
    await browser.screenshot(page, 'plan-preview');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { hidden: true });
    expect(await page.evaluate('document.activeElement.name')).toBe('preview-plan');
    expect((await addon()).spec.plan).toBe('512m');
    await page.select('select[name=plan]', '1g');
    await click('button[name=preview-plan]');
    expect(await yes()).toContain('stopped and started once');
    await spec(({ plan }) => plan === '1g');
  });

  test('TLS is switched after a preview, internet access needs it, and the window is moved', async () => {
    await open();
    await page.select('select[name=internet]', 'NodePort');
    await fill('input[name=allow]', '203.0.113.0/24');
    await click('button[name=save-internet]');
    await yes();
    await refused('needs spec.tls.mode: Required');
    await click('button[name=tls]');
    expect(await yes()).toContain('the URL changes');
    await spec(({ tls }) => tls?.mode === 'Required');
    await page.select('select[name=internet]', 'NodePort');
    await fill('input[name=allow]', '203.0.113.0/24, 198.51.100.0/24');
    await click('button[name=save-internet]');
    await yes();
    await spec(({ internetAccess }) => internetAccess?.allowedCIDRs?.length === 2);
    await page.select('select[name=window-day]', 'Sunday');
    await fill('input[name=window-hour]', '4');
    await click('button[name=save-window]');
    await spec(
      ({ maintenanceWindow }) => maintenanceWindow?.weekday === 'Sunday' && maintenanceWindow.startHour === 4,
    );
  });

  test('says of versions why they cannot be had; the engine is upgraded after a preview', async () => {
    await open();
    await click('button[name=explain-versions]');
    await shown('downgrade is not possible');
    await open('overview', 'other');
    await page.waitForSelector('select[name=version] option');
    await page.select('select[name=version]', '1.8.10');
    await click('button[name=preview-upgrade]');
    expect(await yes()).toContain('No way leads back');
    await page.waitForSelector('.messages p.good');
    await closeMessages();
    expect((await bed.get(NAMESPACE, 'other')).spec.version).toBe('1.8.10');
  });

  test('it is restarted, stopped, started, paused, resumed, and gets new credentials', async () => {
    await open();
    await click('button[name=restart]');
    await yes();
    await page.waitForSelector('.messages p.good');
    await closeMessages();
    expect((await addon()).metadata.annotations).toHaveProperty(['influxaddon.dev/restart']);
    await click('button[name=stop]');
    await yes();
    await spec(({ state }) => state === 'Stopped');
    await click('button[name=start]');
    await spec(({ state }) => state === 'Running');
    await click('button[name=rotate]');
    await yes();
    await page.waitForSelector('.messages p.good');
    await closeMessages();
    expect((await addon()).metadata.annotations).toHaveProperty(['influxaddon.dev/rotate']);
    await click('button[name=pause]');
    await shown('Resume the operator');
    await page.waitForSelector('.messages p.good');
    await closeMessages();
    await click('button[name=pause]');
    await shown('Pause the operator');
    await page.waitForFunction("document.querySelectorAll('.messages p.good').length > 0");
    await closeMessages();
    expect((await addon()).metadata.annotations ?? {}).not.toHaveProperty(['influxaddon.dev/paused']);
  });

  test('users and retention policies are added and removed', async () => {
    await open('contents');
    await fill('input[name=user]', 'Admin');
    await click('button[name=add-user]');
    await refused('name must be lower case');
    await fill('input[name=user]', 'grafana');
    await page.select('select[name=access]', 'Write');
    await click('button[name=add-user]');
    await spec(({ users }) => users?.[0]?.access === 'Write');
    await fill('input[name=policy]', 'week');
    await fill('input[name=duration]', '7d');
    await click('input[name=default]');
    await click('button[name=set-policy]');
    await spec(({ defaultRetentionPolicy }) => defaultRetentionPolicy === 'week');
    await browser.screenshot(page, 'contents-light');
    await click('button[name=remove-user]');
    await yes();
    await spec(({ users }) => users?.length === 0);
    await click('button[name=remove-policy]');
    await yes('week');
    await spec(({ retentionPolicies }) => retentionPolicies?.length === 0);
  });

  test('backups are taken, and restored here and into another addon', async () => {
    await open('backups');
    await fill('input[name=store]', 'nightly');
    await click('button[name=save-store]');
    await spec(({ backups }) => backups?.storeRef?.name === 'nightly');
    await page.waitForSelector('button[name=create-backup]');
    await fill('input[name=backup-name]', 'mine');
    await click('button[name=create-backup]');
    await page.waitForSelector('.messages p.good');
    await closeMessages();
    expect(await bed.client.get(InfluxBackup, { namespace: NAMESPACE, name: 'mine' })).toBeDefined();
    await page.waitForSelector('button[aria-label="Restore mine here"]');
    await browser.screenshot(page, 'backups-light');
    // Of text: what a page may write into the clipboard without asking.
    await page
      .browser()
      .defaultBrowserContext()
      .overridePermissions(new URL(board.address).origin, ['clipboard-read', 'clipboard-sanitized-write']);
    // By the keys, so that it is seen where these are afterwards.
    await page.waitForSelector('button[aria-label="Download mine"]:enabled');
    await page.focus('button[aria-label="Download mine"]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    const command = `kubectl influx backups download mine --namespace ${NAMESPACE}`;
    expect(await page.$eval('dialog[open] .command', (each) => each.textContent)).toBe(command);
    await browser.screenshot(page, 'backup-download');
    await click('dialog button[name=copy-command]');
    await shown('copied', 'dialog [role=status]');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(command);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { hidden: true });
    expect(await page.evaluate('document.activeElement.name')).toBe('download');
    await fill('input[aria-label="New addon from mine"]', 'copy');
    await click('button[name=restore-new]');
    await page.waitForSelector('.messages p.good');
    await closeMessages();
    expect((await bed.get(NAMESPACE, 'copy')).spec.restoreFrom?.backupRef.name).toBe('mine');
    await click('button[aria-label="Restore mine here"]');
    await yes((await addon()).status?.id);
    await page.waitForSelector('.messages p.good');
    await closeMessages();
    const { items } = await bed.client.list(InfluxRestore, { namespace: NAMESPACE });
    expect(items.some(({ spec: { addonRef } }) => addonRef.name === 'metrics')).toBe(true);
    await shown('Restores');
    await bed.client.create(InfluxBackup, {
      metadata: {
        namespace: NAMESPACE,
        name: 'elsewhere',
        annotations: { 'influxaddon.dev/import': 'nightly/old.tar.gz' },
      },
      spec: { addonRef: { name: 'metrics' } },
    });
    await shown('the object old.tar.gz', '#no-download-elsewhere');
    await page.waitForSelector('button[aria-label="Download elsewhere"]:disabled');
  });

  test('events are shown, logs say what they are, and numbers what is not known', async () => {
    await open('events');
    await page.waitForSelector('.events li');
    await open('logs');
    await page.waitForSelector('pre.logs');
    await open('numbers');
    await page.waitForSelector('.unknown li');
    await shown('this cluster has no metrics API');
    await page.waitForSelector('.chart canvas');
    await browser.screenshot(page, 'numbers-light');
  });

  test('fits a phone, light and dark', async () => {
    await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      for (const tab of ['overview', 'numbers', 'backups', 'contents']) {
        await open(tab);
        const wide = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        await browser.screenshot(page, `phone-${scheme}-${tab}`);
        expect(wide, `${tab} is wider than the screen`).toBe(0);
      }
    }
    await page.goto(`${new URL(board.address).origin}/#/`);
    await page.waitForSelector('table.addons tr[data-key]');
    await browser.screenshot(page, 'phone-list');
    expect(
      await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
    ).toBe(0);
    await page.emulateMediaFeatures([]);
    await page.setViewport({ width: 1280, height: 900 });
  });
});
