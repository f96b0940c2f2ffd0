import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import type Docker from 'dockerode';
import { afterEach, expect, it } from 'vitest';
import { SERVICES } from '../../../services/services.ts';
import { watchContainers } from './watch-containers.ts';

const LABELS = { 'com.docker.compose.project': 'p', 'com.docker.compose.service': 'kafka' };

interface EngineEvent {
  readonly Action: string;
  readonly timeNano: number;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** An engine with one container. The test decides when its events arrive. */
class ScriptedEngine {
  readonly starts: number[] = [];
  readonly #events: EngineEvent[] = [];
  readonly #live = new PassThrough();
  #isRunning = true;
  #isThere = true;
  /** Whether a request for past events takes for ever. */
  isBusy = false;

  /** @param isHeard whether the stream of events delivers it already */
  report(Action: string, attributes: Readonly<Record<string, string>> = {}, isHeard = true): void {
    const Actor = { ID: 'k', Attributes: { ...LABELS, ...attributes } };
    const event = { Action, Actor, timeNano: Date.now() * 1e6 };
    this.#events.push(event);
    if (isHeard) this.#live.write(`${JSON.stringify(event)}\n`);
  }

  putAway(): void {
    this.#isRunning = false;
  }

  remove(): void {
    this.#isThere = false;
    this.report('destroy');
  }

  /** The part of the client that the watch uses. */
  get client(): Docker {
    const container = {
      inspect: async () => ({ State: { Running: this.#isRunning, StartedAt: '2026-01-01T00:00:00Z' } }),
      start: async () => {
        this.starts.push(Date.now());
      },
    };
    const docker = {
      listContainers: async () => (this.#isThere ? [{ Id: 'k', Labels: LABELS }] : []),
      getContainer: () => container,
      getEvents: async ({
        since,
        until,
        filters,
        abortSignal,
      }: {
        since: number;
        abortSignal: AbortSignal;
        until?: number;
        filters: { event?: string[] };
      }) => {
        if (until === undefined) return this.#live;
        if (this.isBusy) await once(abortSignal, 'abort').then(() => abortSignal.throwIfAborted());
        const isAsked = ({ Action, timeNano }: EngineEvent) =>
          filters.event?.includes(Action) && timeNano >= since * 1e9 - 1e6 && timeNano <= until * 1e9 + 1e6;
        return Readable.from(this.#events.filter(isAsked).map((event) => `${JSON.stringify(event)}\n`));
      },
    };
    return docker as unknown as Docker;
  }

  close(): void {
    this.#live.destroy();
  }
}

let engine: ScriptedEngine;
let lines: string[];
let watch: Promise<unknown>;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function watching(): Promise<void> {
  engine = new ScriptedEngine();
  lines = [];
  watch = watchContainers(engine.client, 'p', SERVICES, (line) => lines.push(line));
  await expect.poll(() => lines).toEqual(['watching p']);
}

/** A container that got a SIGTERM, survived it, got a SIGKILL and died. */
async function killedAfterItWasAsked(): Promise<void> {
  await watching();
  engine.report('kill', { signal: '15' });
  engine.report('kill', { signal: '9' });
  engine.report('die', { exitCode: '137' });
}

afterEach(async () => {
  engine.close();
  await watch;
});

it('leaves what `docker stop` killed, however long a busy engine takes to clean it up', async () => {
  await killedAfterItWasAsked();
  await sleep(2500);
  engine.putAway();
  engine.report('stop');
  await sleep(500);
  expect(engine.starts).toEqual([]);
});

it('leaves what `docker stop` killed, also when the report of it has not been read yet', async () => {
  await killedAfterItWasAsked();
  engine.putAway();
  engine.report('stop', {}, false);
  await sleep(2500);
  expect(engine.starts).toEqual([]);
});

it('starts again what `docker kill` ended after a SIGTERM that it had survived', async () => {
  await killedAfterItWasAsked();
  engine.putAway();
  await expect.poll(() => engine.starts.length, { timeout: 10_000 }).toBe(1);
  expect(lines.at(-1)).toBe('kafka was killed and is started again');
});

it('waits for nothing when there was no SIGTERM', async () => {
  await watching();
  engine.report('kill', { signal: '9' });
  engine.report('die', { exitCode: '137' });
  await expect.poll(() => engine.starts.length).toBe(1);
});

it('logs nothing of a request that the end of the last container interrupts', async () => {
  await killedAfterItWasAsked();
  engine.isBusy = true;
  engine.putAway();
  await sleep(300);
  engine.remove();
  expect(await watch).toBe('empty');
  await sleep(100);
  expect(lines).toEqual(['watching p']);
});
