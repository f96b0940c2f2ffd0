import { join } from 'node:path';
import { Window } from 'happy-dom';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import FakeUplot from '../tests/support/fake-uplot.ts';
import { snapshotWith } from '../tests/support/snapshots.ts';
import type { Snapshot } from './model/snapshot.ts';

/** The connection of the page, on which a test sends events. */
class FakeEventSource {
  static readonly CLOSED = 2;
  static newest: FakeEventSource;
  readyState = 1;
  readonly url: string;
  readonly #listeners = new Map<string, (event: { readonly data: string }) => void>();

  constructor(url: string) {
    this.url = url;
    FakeEventSource.newest = this;
  }

  addEventListener(name: string, listener: (event: { readonly data: string }) => void): void {
    this.#listeners.set(name, listener);
  }

  emit(name: string, data: unknown = {}): void {
    this.#listeners.get(name)?.({ data: JSON.stringify(data) });
  }
}

/** What is done with a button. */
interface Clickable {
  click(): void;
}

/** What is read of an element. */
interface Element {
  getAttribute(name: string): string | null;
}

class NoObserver {
  observe(): void {}
  disconnect(): void {}
}

/** What the page asks besides the events: the answers by path, and what it has sent. */
const answers: Record<string, unknown> = {};
const sent: { readonly path: string; readonly body: unknown }[] = [];
async function fakeFetch(path: string, init?: { readonly body: string }) {
  if (init) sent.push({ path, body: JSON.parse(init.body) });
  const answer = answers[path] ?? { error: `nothing is known of ${path}` };
  return { ok: !('error' in (answer as object)), json: async () => answer };
}

/** Everything is on the screen. */
class ShownObserver {
  readonly #callback: (entries: readonly { readonly isIntersecting: boolean }[]) => void;

  constructor(callback: (entries: readonly { readonly isIntersecting: boolean }[]) => void) {
    this.#callback = callback;
  }

  observe(): void {
    this.#callback([{ isIntersecting: true }]);
  }

  disconnect(): void {}
}

/** A document without a browser. */
const window = new Window({ url: 'http://localhost:5080/' });
const document = window.document;

beforeAll(async () => {
  document.body.innerHTML = '<div id="page"></div>';
  const globals = {
    ...{ document, window, EventSource: FakeEventSource, ResizeObserver: NoObserver, fetch: fakeFetch },
    ...{ IntersectionObserver: ShownObserver, FormData: window.FormData },
    getComputedStyle: () => ({ getPropertyValue: () => '#000' }),
    matchMedia: () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }),
    requestAnimationFrame: (draw: () => void) => setTimeout(draw, 0),
    cancelAnimationFrame: clearTimeout,
  };
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
  await import(join(import.meta.dirname, 'page', 'page.js'));
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await window.happyDOM.close();
});

const text = (): string => (document.body.textContent ?? '').replace(/\s+/g, ' ');

/** Shows a snapshot, and waits until the page has it. */
async function show(changes: Partial<Snapshot> = {}): Promise<void> {
  const pipeline = changes.pipeline ?? `shown-${Math.random()}`;
  FakeEventSource.newest.emit('snapshot', snapshotWith({ ...changes, pipeline }));
  await expect.poll(text).toContain(pipeline.slice(0, 20));
}

describe('the page', () => {
  it('connects first, and says what to do where it cannot', async () => {
    expect(FakeEventSource.newest.url).toBe('/api/stream');
    await expect.poll(text).toContain('Connecting to the dashboard');
    expect(text()).toContain('npm run status');
  });

  describe('with a snapshot', () => {
    beforeEach(() => show());

    it('has every panel, each named by its heading', () => {
      const sections: readonly Element[] = [...document.querySelectorAll('section')];
      const titles = sections.map((section) => {
        const id = section.getAttribute('aria-labelledby') ?? '';
        return document.getElementById(id)?.textContent;
      });
      expect(titles).toEqual([
        ...['Pipeline', 'Verdict', 'Records per second', 'Lag by partition', 'Duration of micro-batches'],
        ...['Watermark behind the clock', 'Gold', 'Rejected records', 'Outputs', 'Query'],
        ...['Services', 'What happened'],
      ]);
    });

    it('shows values as text', () => {
      expect(text()).toContain('All records up to micro-batch 12');
      expect(document.querySelector('[data-value=lag]')?.textContent).toBe('10');
      expect(document.querySelector('[data-rows=bronze] td')?.textContent).toBe('90');
      expect(document.querySelector('[data-service=kafka]')?.textContent).toContain('kafka (42)');
      expect(text()).toContain('micro-batch 12: 0.9 s; trigger every 1 s');
      expect(text()).toContain('bad_amount');
      expect(text()).toContain('it does not shrink');
    });

    it('draws a chart for each of four panels, with its newest values in words', () => {
      const charts: readonly Element[] = [...document.querySelectorAll('[role=img]')];
      expect(charts).toHaveLength(4);
      for (const chart of charts) expect(chart.getAttribute('aria-label')).toMatch(/\w+\. \w/);
      expect(FakeUplot.charts).toHaveLength(4);
    });

    it('takes over changes, and the newest values of the series', async () => {
      FakeEventSource.newest.emit('change', {
        at: '2026-11-26T17:00:02.000Z',
        topic: { ...snapshotWith().topic, lag: 77 },
        sample: { 'lag.0': 77, inPerSecond: 5 },
      });
      await expect.poll(() => document.querySelector('[data-value=lag]')?.textContent).toBe('77');
      const chart = FakeUplot.charts.find(({ options }) => options.series.some(({ label }) => label === '0'));
      expect(chart?.data).toEqual([
        [0, Date.parse('2026-11-26T17:00:02.000Z') / 1000],
        [null, 77],
      ]);
    });

    it('says that the connection is lost, keeps the values, and forgets it when it is back', async () => {
      FakeEventSource.newest.emit('error');
      await expect.poll(text).toContain('The connection to the dashboard is lost');
      expect(text()).toContain('All records up to micro-batch 12');
      await show();
      await expect.poll(text).not.toContain('is lost');
    });
  });

  it('shows the last verification, and starts one', async () => {
    await show();
    expect(text()).toContain('None is known yet.');
    answers['/api/verify'] = { started: true };
    const button: Clickable | undefined = [...document.querySelectorAll('button')].find(
      ({ textContent }) => textContent === 'Verify now',
    );
    button?.click();
    await expect.poll(() => sent).toContainEqual({ path: '/api/verify', body: { deep: false } });
    const at = '2026-11-26T17:00:00.000Z';
    await show({ verify: { runningSince: at, progress: '500 of 600 records', last: null } });
    expect(text()).toContain('500 of 600 records');
    const outcome = {
      equal: true,
      deep: true,
      committedBatch: 12,
      lag: 3,
      differenceCount: 0,
      text: 'Rows: 90',
    };
    const last = { at, by: 'command' as const, outcome, error: null };
    await show({ verify: { runningSince: null, progress: null, last } });
    expect(document.querySelector('[data-value=verify]')?.textContent?.replace(/\s+/g, ' ')).toContain(
      '● everything equal up to micro-batch 12, every value, lag 3',
    );
    expect(document.querySelector('details pre')?.textContent).toBe('Rows: 90\n');
    const different = { ...last, outcome: { ...outcome, equal: false, differenceCount: 1 } };
    await show({ verify: { runningSince: null, progress: null, last: different } });
    expect(text()).toContain('● 1 difference up to');
    const failed = { ...last, outcome: null, error: 'the broker does not answer' };
    await show({ verify: { runningSince: null, progress: null, last: failed } });
    expect(text()).toContain('could not run');
  });

  it('draws the top groups of a gold table, by window', async () => {
    answers['/api/gold/gold'] = {
      ...{ table: 'gold', windows: ['2026-11-26T16:50:00.000Z', '2026-11-26T16:51:00.000Z'] },
      ...{ measure: 'txn_count', groupCount: 5000, groups: [{ name: 'card-7', values: [2, 3] }] },
    };
    const { outputs } = snapshotWith();
    const table = { name: 'gold', kind: 'gold' as const, files: 2, rows: 70, rowsFrom: 0, newestRows: 7 };
    await show({ outputs: { ...outputs, sinks: [...outputs.sinks, table] } });
    await expect.poll(text).toContain('txn_count by window (event time); 1 of 5,000 groups');
    const chart = FakeUplot.charts.find(({ options }) =>
      options.series.some(({ label }) => label === 'card-7'),
    );
    expect(chart?.data).toEqual([
      [Date.parse('2026-11-26T16:50:00Z') / 1000, Date.parse('2026-11-26T16:51:00Z') / 1000],
      [2, 3],
    ]);
  });

  it('shows an example of each reason, and why rows cannot be read', async () => {
    answers['/api/rejected'] = [
      {
        reason: 'bad_amount',
        detail: 'amount: "x" is no number',
        value: '{"amount":"x"}',
        partition: 2,
        offset: 41,
      },
    ];
    const { outputs } = snapshotWith();
    const sinkOf = (name: string) => ({ ...outputs.sinks[0], name, kind: 'sink' as const }) as never;
    await show({ outputs: { ...outputs, sinks: ['silver', 'quarantine'].map(sinkOf) } });
    await expect.poll(text).toContain('partition 2, offset 41');
    expect(text()).toContain('amount: "x" is no number');
    await expect.poll(text).toContain('The rows cannot be read: nothing is known of /api/rows/silver');
  });

  it('runs a query, and shows what is wrong with it', async () => {
    await show();
    answers['/api/sql'] = { columns: ['n'], rows: [['42'], [null]], hasMore: true };
    const run = () => {
      const form = document.querySelector('form');
      form?.dispatchEvent(new window.Event('submit', { cancelable: true, bubbles: true }));
    };
    run();
    await expect.poll(text).toContain('2 rows, and more.');
    expect(sent.at(-1)).toEqual({ path: '/api/sql', body: { sql: 'FROM gold LIMIT 10' } });
    answers['/api/sql'] = { error: 'Parser Error: syntax error' };
    run();
    await expect.poll(text).toContain('Parser Error: syntax error');
  });

  it('says what is missing while a stack starts', async () => {
    const { outputs, stream, topic, services, sources } = snapshotWith();
    await show({
      ready: false,
      outputs: { ...outputs, committedBatch: null, committedAt: null },
      stream: { ...stream, batch: null },
      topic: { ...topic, partitions: [], lag: null, inPerSecond: null },
      services: services.map((service) => ({ ...service, state: 'starting', detail: 'no answer yet' })),
      sources: { ...sources, topic: { state: 'waiting', detail: 'the topic does not exist yet' } },
      batches: [],
      gold: [],
    });
    expect(text()).toContain('There are no data yet.');
    expect(text()).toContain('kafka is starting: no answer yet');
    expect(text()).toContain('The topic has not been read yet.');
    expect(text()).toContain('Nothing is committed yet.');
  });

  it('names what has failed, and the command that shows more', async () => {
    const { services, sources } = snapshotWith();
    await show({
      ready: false,
      services: services.map((service) => ({ ...service, state: 'failed', detail: 'exited with code 1' })),
      sources: { ...sources, topic: { state: 'failed', detail: 'no answer for 4 s' } },
    });
    expect(document.querySelector('[role=alert]')?.textContent?.replace(/\s+/g, ' ')).toContain(
      'kafka has failed: exited with code 1. npm run logs -- kafka shows its log.',
    );
    expect(text()).toContain('The topic cannot be read: no answer for 4 s.');
  });

  it('says that everything is rejected, and why', async () => {
    const { stream } = snapshotWith();
    const rows = { bronze: 5, silver: 0, quarantine: 5 };
    await show({ stream: { ...stream, rows, rejected: { bad_amount: 1, missing_txn_id: 4 } } });
    expect(document.querySelector('[role=alert]')?.textContent?.replace(/\s+/g, ' ')).toContain(
      'Every record of the newest micro-batch was rejected, most of them as missing_txn_id.',
    );
    await show({
      stream: { ...stream, rows: { bronze: 5, silver: 1, quarantine: 4 }, rejected: { bad_amount: 4 } },
    });
    expect(document.querySelector('[role=alert]')).toBeNull();
  });

  it('shows hostile values as text, cut and unable to reorder what is around them', async () => {
    const hostile = `<img src=x onerror=alert(1)>\u202egnp\u0000${'x'.repeat(1_000_000)}`;
    const { services } = snapshotWith();
    await show({
      pipeline: '"><script>alert(1)</script>',
      rejected: { [hostile]: 3, '😀': 1 },
      services: services.map((service) => ({ ...service, detail: hostile, log: [hostile] })),
      events: [{ at: '2026-11-26T17:00:00.000Z', kind: 'stream', text: hostile }],
    });
    expect(document.querySelectorAll('img, script')).toHaveLength(0);
    expect(text()).toContain('<img src=x onerror=alert(1)>\\u202egnp\\u0000xxx');
    expect(text()).toContain('😀');
    expect(text()).not.toContain('\u202e');
    expect(text().length).toBeLessThan(20_000);
  });
});
