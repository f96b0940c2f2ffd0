import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import type { Snapshot } from '../../dashboard/model/snapshot.ts';
import { launchChromium } from './chromium.ts';
import { until } from './until.ts';

/** The API of a dashboard that runs. */
export class DashboardClient {
  readonly address: string;

  constructor(port: number) {
    this.address = `http://localhost:${port}`;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.address}${path}`)).json()) as T;
  }

  async post(path: string, body: object): Promise<{ readonly status: number; readonly body: unknown }> {
    const answer = await fetch(`${this.address}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  }

  snapshot(): Promise<Snapshot> {
    return this.get('/api/snapshot');
  }

  /** Waits until so many records are committed, and the topic has no more. */
  async drained(records: number): Promise<Snapshot> {
    let last = await this.snapshot();
    return until(
      () => `lag ${last.topic.lag}, rows ${JSON.stringify(last.outputs.sinks)}`,
      120_000,
      async () => {
        last = await this.snapshot();
        const bronze = last.outputs.sinks.find(({ name }) => name === 'bronze');
        return last.topic.lag === 0 && bronze?.rows === records ? last : undefined;
      },
    );
  }

  /** Runs a verification as the page does, and waits for its end. */
  async verified(deep: boolean): Promise<NonNullable<Snapshot['verify']['last']>> {
    const before = (await this.snapshot()).verify.last?.at;
    const { status, body } = await this.post('/api/verify', { deep });
    if (status !== 202) throw new Error(`it was not started: ${JSON.stringify(body)}`);
    return until(
      () => 'the verification has not ended',
      120_000,
      async () => {
        const { runningSince, last } = (await this.snapshot()).verify;
        return runningSince === null && last !== null && last.at !== before ? last : undefined;
      },
    );
  }
}

/** The page in a browser, with what went wrong in it and what it has asked for. */
export class BrowserPage {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly requested: string[] = [];
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
  }

  static async open(address: string): Promise<BrowserPage> {
    const browser = await launchChromium();
    const opened = new BrowserPage(browser, await browser.newPage());
    const { page } = opened;
    page.on('pageerror', (error) => opened.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') opened.errors.push(message.text());
    });
    page.on('request', (request) => opened.requested.push(request.url()));
    await page.goto(address);
    return opened;
  }

  /** The text of an element with single blanks, empty where it is not there. */
  async text(selector: string): Promise<string> {
    const [text = ''] = await this.page.locator(selector).allTextContents();
    return text.replace(/\s+/g, ' ').trim();
  }

  /** What axe finds: rules for people who use a keyboard or a screen reader, or see little. */
  async accessibilityProblems(): Promise<readonly string[]> {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    await this.page.evaluate(axe);
    const { violations } = (await this.page.evaluate('axe.run()')) as {
      readonly violations: readonly {
        readonly id: string;
        readonly impact: string;
        readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
      }[];
    };
    return violations.flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${impact}: ${id}: ${html.slice(0, 200)}: ${failureSummary}`),
    );
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
