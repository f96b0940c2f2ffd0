import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NothingToBreak } from '../../orchestrator/runtimes/faults.ts';
import {
  type LogLine,
  type Runtime,
  type ServiceObservation,
  untilExited,
} from '../../orchestrator/runtimes/runtime.ts';
import type { ServiceName } from '../../orchestrator/services/service-name.ts';
import { SERVICE_NAMES } from '../../orchestrator/services/services.ts';

/**
 * What the services of a runtime do in the suite instead of their real work. Each process first
 * writes `<service> began`.
 */
export type ContractBehaviour = 'runs' | 'completes' | 'refuses' | 'stubborn';

/**
 * The behaviours that the suite relies on. Other services run. A subject may use its own programs,
 * images or memory for them.
 */
export const CONTRACT_BEHAVIOURS: Readonly<Record<ServiceName, ContractBehaviour>> = {
  zookeeper: 'runs',
  kafka: 'runs',
  /** A one-shot that ends with 0. */
  'kafka-init': 'completes',
  'spark-master': 'runs',
  /** A daemon that ends with 2, which a restart cannot fix. */
  'spark-worker': 'refuses',
  /** A daemon that does not end on SIGTERM. */
  'spark-streaming': 'stubborn',
  producer: 'runs',
};

/** One stack under test. Nothing of it runs and nothing was written. */
export interface ContractSubject {
  /**
   * Whether an engine outside this product restarts every process that has ended at once, whatever
   * the exit code. A daemon that refuses its configuration may then be started a few more times
   * before it counts as failed.
   */
  readonly restartsByEngine?: boolean;
  /** Another runtime object for the same stack, as in another process. */
  runtime(): Runtime;
  /** Ends the main process of a running service as a crash does. */
  crash(service: ServiceName): Promise<void>;
  /** Ends everything and removes every trace. */
  dispose(): Promise<void>;
}

/** Registers the tests that every runtime passes. */
export function runtimeContract(title: string, create: () => Promise<ContractSubject>): void {
  describe(`${title} keeps the contract of Runtime:`, () => {
    const never = new AbortController().signal;
    let subject: ContractSubject;
    let runtime: Runtime;
    beforeEach(async () => {
      subject = await create();
      runtime = subject.runtime();
    });
    afterEach(async () => {
      await runtime.close();
      await subject.dispose();
    });

    const look = async (service: ServiceName, through = runtime): Promise<ServiceObservation> => {
      const found = (await through.observe()).find(({ name }) => name === service);
      if (!found) throw new Error(`${service} is not observed`);
      return found;
    };

    it('every service is observed, in the order of the table, stopped before it was started', async () => {
      const observations = await runtime.observe();
      expect(observations.map(({ name }) => name)).toEqual(SERVICE_NAMES);
      for (const observation of observations) {
        expect(observation).toMatchObject({ state: 'stopped', restarts: 0, recentLines: [] });
        expect(new Date(observation.since).toISOString()).toBe(observation.since);
      }
    });

    it('preflight passes and starts nothing', async () => {
      await runtime.preflight(never);
      expect((await runtime.observe()).every(({ state }) => state === 'stopped')).toBe(true);
    });

    it('a started service runs, and starting it again changes nothing', async () => {
      await runtime.start('kafka', never);
      const first = await look('kafka');
      expect(first).toMatchObject({ state: 'running', restarts: 0 });
      expect(first.pid ?? first.container).toBeDefined();
      await runtime.start('kafka', never);
      const { state, pid, container, since } = await look('kafka');
      expect({ state, pid, container, since }).toEqual({
        state: 'running',
        pid: first.pid,
        container: first.container,
        since: first.since,
      });
      await expect.poll(async () => (await look('kafka')).recentLines).toContain('kafka began');
    });

    it('the state is seen and changed through another object, too', async () => {
      await runtime.start('kafka', never);
      const other = subject.runtime();
      try {
        expect(await look('kafka', other)).toMatchObject({ state: 'running' });
        await other.stop('kafka');
        expect(await look('kafka')).toMatchObject({ state: 'stopped' });
      } finally {
        await other.close();
      }
    });

    it('two starts at the same time start one process', async () => {
      const other = subject.runtime();
      try {
        await Promise.all([runtime.start('kafka', never), other.start('kafka', never)]);
        const [here, there] = [await look('kafka'), await look('kafka', other)];
        expect(here).toMatchObject({ state: 'running', restarts: 0 });
        expect(there.pid).toBe(here.pid);
      } finally {
        await other.close();
      }
    });

    it('a one-shot completes, and can be run again', async () => {
      for (let run = 0; run < 2; run++) {
        await runtime.start('kafka-init', never);
        expect(await untilExited(runtime, 'kafka-init', never)).toMatchObject({
          name: 'kafka-init',
          state: 'completed',
        });
        const observation = await look('kafka-init');
        expect(observation).toMatchObject({ state: 'completed', exitCode: 0, restarts: 0 });
        expect(observation.pid).toBeUndefined();
        expect(observation.recentLines).toEqual(['kafka-init began']);
      }
    });

    it('a daemon that refuses its configuration has failed for good, with its last lines', async () => {
      await runtime.start('spark-worker', never);
      const exit = await untilExited(runtime, 'spark-worker', never);
      expect(exit).toMatchObject({ name: 'spark-worker', state: 'failed' });
      expect(exit.detail).toContain('code 2');
      expect(await look('spark-worker')).toMatchObject({
        state: 'failed',
        exitCode: 2,
        recentLines: ['spark-worker began'],
      });
      const { restarts, since } = await look('spark-worker');
      if (!subject.restartsByEngine) expect(restarts).toBe(0);
      // The state stays, for longer than any of its runs and any pause between them took.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(await look('spark-worker')).toMatchObject({ state: 'failed', restarts, since });
    });

    it('a subscriber is told what there is, and of each change, without asking', async () => {
      const ended = new AbortController();
      const told: string[] = [];
      const other = subject.runtime();
      const listening = (async () => {
        for await (const services of other.subscribe(ended.signal)) {
          const kafka = services.find(({ name }) => name === 'kafka');
          told.push(`${kafka?.state}${kafka?.recentLines.includes('kafka began') ? ', began' : ''}`);
        }
      })();
      const over = expect(listening).rejects.toThrow('enough');
      await expect.poll(() => told.at(-1)).toBe('stopped');
      await runtime.start('kafka', never);
      await expect.poll(() => told.at(-1), { timeout: 20_000 }).toBe('running, began');
      await runtime.stop('kafka');
      await expect.poll(() => told.at(-1), { timeout: 20_000 }).toContain('stopped');
      ended.abort(new Error('enough'));
      await over;
      await other.close();
    });

    it('untilExited resolves when the service is stopped, and at once when it does not run', async () => {
      await runtime.start('kafka', never);
      const exited = untilExited(runtime, 'kafka', never);
      await runtime.stop('kafka');
      expect(await exited).toMatchObject({ name: 'kafka', state: 'stopped' });
      expect(await untilExited(runtime, 'kafka', never)).toMatchObject({ state: 'stopped' });
      expect(await untilExited(runtime, 'producer', never)).toMatchObject({
        name: 'producer',
        state: 'stopped',
      });
    });

    it('untilExited rejects with the reason of its signal', async () => {
      await runtime.start('kafka', never);
      const abort = new AbortController();
      const exited = untilExited(runtime, 'kafka', abort.signal);
      abort.abort(new Error('no longer of interest'));
      await expect(exited).rejects.toThrow('no longer of interest');
      await expect(untilExited(runtime, 'kafka', abort.signal)).rejects.toThrow('no longer of interest');
    });

    it('a service that crashed is started again, with lines of the new process only', async () => {
      await runtime.start('kafka', never);
      const before = await look('kafka');
      await expect.poll(async () => (await look('kafka')).recentLines).toContain('kafka began');
      const ended = new AbortController();
      const exited = untilExited(runtime, 'kafka', ended.signal);
      const early = exited.catch(() => undefined);
      await subject.crash('kafka');
      await expect
        .poll(async () => (await look('kafka')).restarts, { timeout: 20_000, interval: 20 })
        .toBe(1);
      await expect.poll(async () => (await look('kafka')).state, { timeout: 20_000 }).toBe('running');
      const after = await look('kafka');
      expect(after.since > before.since).toBe(true);
      await expect.poll(async () => (await look('kafka')).recentLines).toContain('kafka began');
      expect((await look('kafka')).recentLines.filter((line) => line === 'kafka began')).toHaveLength(1);
      // A restart does not count as an end.
      ended.abort(new Error('still running'));
      await expect(exited).rejects.toThrow('still running');
      await early;
    });

    it('faults hit what runs: a killed service is started again, a paused one continues when the fault is reverted', async () => {
      const faults = runtime.faults();
      expect(await faults.isThere('broker')).toBe(false);
      await expect(faults.kill('broker')).rejects.toThrow(NothingToBreak);
      await runtime.start('kafka', never);
      const before = await look('kafka');
      expect(await faults.isThere('broker')).toBe(true);
      const held = await faults.pause('broker');
      expect(await look('kafka')).toMatchObject({ state: 'running' });
      await held.revert();
      await held.revert();
      await faults.kill('broker');
      // An engine counts a start after `docker kill` as a first start.
      const isAnother = ({ restarts, since }: ServiceObservation) => restarts === 1 || since > before.since;
      await expect
        .poll(async () => isAnother(await look('kafka')), { timeout: 20_000, interval: 20 })
        .toBe(true);
      await expect.poll(async () => (await look('kafka')).state, { timeout: 20_000 }).toBe('running');
    });

    it('a stopped service stays stopped and counts from zero when it is started again', async () => {
      await runtime.start('kafka', never);
      await subject.crash('kafka');
      await expect
        .poll(async () => (await look('kafka')).restarts, { timeout: 20_000, interval: 20 })
        .toBe(1);
      // An engine counts a restart before it begins. For a service that is stopped in the meantime
      // it reports the end before that.
      await expect.poll(async () => (await look('kafka')).state, { timeout: 20_000 }).toBe('running');
      await runtime.stop('kafka');
      await runtime.stop('kafka');
      const stopped = await look('kafka');
      expect(stopped).toMatchObject({ state: 'stopped' });
      expect(stopped.pid).toBeUndefined();
      await runtime.start('kafka', never);
      expect(await look('kafka')).toMatchObject({ state: 'running', restarts: 0 });
    });

    it('a restarted service runs in another process, with lines of that one only, and has not crashed', async () => {
      await runtime.start('kafka', never);
      await subject.crash('kafka');
      await expect
        .poll(async () => (await look('kafka')).restarts, { timeout: 20_000, interval: 20 })
        .toBe(1);
      await expect.poll(async () => (await look('kafka')).recentLines).toContain('kafka began');
      const before = await look('kafka');
      await runtime.restart('kafka');
      const after = await look('kafka');
      expect(after).toMatchObject({ state: 'running', restarts: 0 });
      expect(after.since > before.since).toBe(true);
      await expect.poll(async () => (await look('kafka')).recentLines).toEqual(['kafka began']);
    });

    it('what was stopped, has failed or has completed is started by a restart', async () => {
      await runtime.start('kafka', never);
      await runtime.stop('kafka');
      await runtime.restart('kafka');
      expect(await look('kafka')).toMatchObject({ state: 'running', restarts: 0 });
      for (const [service, state] of [
        ['kafka-init', 'completed'],
        ['spark-worker', 'failed'],
      ] as const) {
        await runtime.start(service, never);
        await untilExited(runtime, service, never);
        const before = await look(service);
        await runtime.restart(service);
        expect(await untilExited(runtime, service, never)).toMatchObject({ state });
        expect((await look(service)).since > before.since).toBe(true);
      }
    });

    it('a restart of what was never started is refused and starts nothing', async () => {
      await runtime.start('kafka', never);
      await expect(runtime.restart('producer')).rejects.toMatchObject({
        code: 'STACK_NOT_RUNNING',
        message: expect.stringContaining('producer'),
      });
      expect(await look('producer')).toMatchObject({ state: 'stopped' });
    });

    it('a service that does not end when asked is ended by force after its grace', async () => {
      await runtime.start('spark-streaming', never);
      await expect
        .poll(async () => (await look('spark-streaming')).recentLines)
        .toContain('spark-streaming began');
      await runtime.stop('spark-streaming');
      expect(await look('spark-streaming')).toMatchObject({ state: 'stopped' });
    });

    it('stopping what does not run does nothing', async () => {
      await runtime.stop('kafka');
      expect(await look('kafka')).toMatchObject({ state: 'stopped' });
    });

    it('logs yield the last lines of the services asked for', async () => {
      await runtime.start('kafka-init', never);
      await untilExited(runtime, 'kafka-init', never);
      await runtime.start('kafka-init', never);
      await untilExited(runtime, 'kafka-init', never);
      await runtime.start('kafka', never);
      const read = async (services: readonly ServiceName[], tail?: number) => {
        const lines: LogLine[] = [];
        const options = { services, follow: false, signal: never, ...(tail !== undefined && { tail }) };
        for await (const line of runtime.logs(options)) lines.push(line);
        return lines;
      };
      const began: LogLine = { service: 'kafka-init', text: 'kafka-init began' };
      expect(await read(['kafka-init'])).toEqual([began, began]);
      expect(await read(['kafka-init'], 1)).toEqual([began]);
      expect(await read(['kafka-init'], 0)).toEqual([]);
      expect(await read(['producer'])).toEqual([]);
      await expect
        .poll(() => read([]))
        .toEqual(expect.arrayContaining<LogLine>([{ service: 'kafka', text: 'kafka began' }, began]));
    });

    it('logs yield the lines since a time, followed or not', async () => {
      const began: LogLine = { service: 'kafka-init', text: 'kafka-init began' };
      const logsOf = (range: { readonly sinceMs: number; readonly tail?: number }) =>
        runtime.logs({ services: ['kafka-init'], follow: false, signal: never, ...range });
      const read = async (range: Parameters<typeof logsOf>[0]) => {
        const lines: LogLine[] = [];
        for await (const line of logsOf(range)) lines.push(line);
        return lines;
      };
      const runOnce = async () => {
        await runtime.start('kafka-init', never);
        await untilExited(runtime, 'kafka-init', never);
      };
      await runOnce();
      await expect.poll(() => read({ sinceMs: 0 })).toEqual([began]);
      const sinceMs = Date.now() + 1;
      await expect.poll(() => Date.now()).toBeGreaterThan(sinceMs);
      expect(await read({ sinceMs })).toEqual([]);
      await runOnce();
      await expect.poll(() => read({ sinceMs })).toEqual([began]);
      expect(await read({ sinceMs: 0 })).toEqual([began, began]);
      expect(await read({ sinceMs: 0, tail: 1 })).toEqual([began]);
      const abort = new AbortController();
      const lines: LogLine[] = [];
      const following = (async () => {
        const options = { services: ['kafka-init'] as const, sinceMs, follow: true, signal: abort.signal };
        for await (const line of runtime.logs(options)) lines.push(line);
      })();
      await expect.poll(() => lines, { timeout: 5000 }).toEqual([began]);
      await runOnce();
      await expect.poll(() => lines, { timeout: 5000 }).toEqual([began, began]);
      abort.abort(new Error('enough'));
      await following;
    });

    it('logs follow what is added, until the signal ends it', async () => {
      await runtime.start('kafka', never);
      const abort = new AbortController();
      const lines: LogLine[] = [];
      const following = (async () => {
        const options = {
          services: ['kafka-init'] as const,
          tail: 0,
          follow: true,
          signal: abort.signal,
        };
        for await (const line of runtime.logs(options)) lines.push(line);
      })();
      for (let run = 1; run <= 2; run++) {
        await runtime.start('kafka-init', never);
        await untilExited(runtime, 'kafka-init', never);
        await expect.poll(() => lines.length, { timeout: 5000 }).toBe(run);
      }
      abort.abort(new Error('enough'));
      await following;
      expect(lines.every(({ text }) => text === 'kafka-init began')).toBe(true);
    });

    it('down stops everything in reverse order, and once more does nothing', async () => {
      await runtime.start('zookeeper', never);
      await runtime.start('kafka', never);
      await runtime.start('kafka-init', never);
      await untilExited(runtime, 'kafka-init', never);
      await runtime.start('producer', never);
      expect(await runtime.down()).toEqual(['producer', 'kafka', 'zookeeper']);
      expect((await runtime.observe()).filter(({ state }) => state === 'running')).toEqual([]);
      expect(await runtime.down()).toEqual([]);
      await runtime.start('kafka', never);
      expect(await look('kafka')).toMatchObject({ state: 'running', restarts: 0 });
    });

    it('wipe refuses while anything runs, and then has nothing to do twice', async () => {
      await runtime.start('kafka', never);
      for (const keepTopic of [true, false]) {
        await expect(runtime.wipe({ keepTopic })).rejects.toMatchObject({ code: 'STACK_RUNNING' });
      }
      expect(await look('kafka')).toMatchObject({ state: 'running' });
      await runtime.down();
      await runtime.wipe({ keepTopic: false });
      expect(await runtime.wipe({ keepTopic: false })).toEqual([]);
    });
  });
}
