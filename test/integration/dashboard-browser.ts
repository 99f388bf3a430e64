import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { launch, type Browser, type Page } from 'puppeteer-core';
import { chromium } from '../cluster/chromium.ts';
import { PATIENCE_MS } from '../patience.ts';

/** A browser without a screen, in which whatever a page complains of is kept. */
export interface TestBrowser extends AsyncDisposable {
  /** Of all pages: errors, what the content security policy kept from being done, answers that failed. */
  readonly complaints: string[];
  page(address: string): Promise<Page>;
  /** Into the folder for evidence, where there is one. */
  screenshot(page: Page, name: string): Promise<void>;
}

export async function startBrowser(): Promise<TestBrowser> {
  const { path, environment } = await chromium();
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const browser: Browser = await launch({
    executablePath: path,
    userDataDir: profile,
    headless: 'shell',
    // As root there are no namespaces of users to be had; what is shown here is our own.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
    env: { ...process.env, ...environment },
  });
  const complaints: string[] = [];
  return {
    complaints,
    page: async (address) => {
      const page = await browser.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      page.on('pageerror', (error) => complaints.push(`error: ${String(error)}`));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
      });
      await page.evaluateOnNewDocument(`
        document.addEventListener('securitypolicyviolation', (event) =>
          console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));
      `);
      await page.setViewport({ width: 1280, height: 900 });
      await page.goto(address);
      return page;
    },
    screenshot: async (page, name) => {
      const artefacts = process.env['TEST_ARTEFACTS'];
      if (artefacts === undefined) return;
      const folder = join(artefacts, 'dashboard');
      mkdirSync(folder, { recursive: true });
      // As much as two screens: a list may be a thousand lines long.
      const { width, height } = page.viewport() ?? { width: 1280, height: 900 };
      const clip = { x: 0, y: 0, width, height: 2 * height };
      await page.screenshot({
        path: `${join(folder, basename(name))}.png`,
        clip,
        captureBeyondViewport: true,
      });
    },
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
