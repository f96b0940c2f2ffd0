import { createRequire } from 'node:module';
import { join } from 'node:path';
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

/** What is read of an element. */
interface Element {
  getAttribute(name: string): string | null;
}

class NoObserver {
  observe(): void {}
  disconnect(): void {}
}

/** A document without a browser. The page is not tried where it is not installed. */
const DOCUMENTS: string = 'happy-dom';
const isInstalled = (() => {
  try {
    return createRequire(import.meta.url).resolve(DOCUMENTS) !== '';
  } catch {
    return false;
  }
})();
const window = isInstalled ? new (await import(DOCUMENTS)).Window({ url: 'http://localhost:5080/' }) : undefined;
const document = window?.document;

beforeAll(async () => {
  if (!isInstalled) return;
  document.body.innerHTML = '<div id="page"></div>';
  const globals = {
    ...{ document, window, EventSource: FakeEventSource, ResizeObserver: NoObserver },
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
  await window?.happyDOM.close();
});

const text = (): string => (document.body.textContent ?? '').replace(/\s+/g, ' ');

/** Shows a snapshot, and waits until the page has it. */
async function show(changes: Partial<Snapshot> = {}): Promise<void> {
  const pipeline = changes.pipeline ?? `shown-${Math.random()}`;
  FakeEventSource.newest.emit('snapshot', snapshotWith({ ...changes, pipeline }));
  await expect.poll(text).toContain(pipeline.slice(0, 20));
}

describe.runIf(isInstalled)('the page (not tried: happy-dom is not installed)', () => {
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
        ...['Watermark behind the clock', 'Gold', 'Rejected records', 'Outputs', 'Newest rows'],
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
      expect(chart?.data).toEqual([[0, Date.parse('2026-11-26T17:00:02.000Z') / 1000], [null, 77]]);
    });

    it('says that the connection is lost, keeps the values, and forgets it when it is back', async () => {
      FakeEventSource.newest.emit('error');
      await expect.poll(text).toContain('The connection to the dashboard is lost');
      expect(text()).toContain('All records up to micro-batch 12');
      await show();
      await expect.poll(text).not.toContain('is lost');
    });
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
