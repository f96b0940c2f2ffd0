import { describe, expect, it } from 'vitest';
import { type ReportEvent, runPlan, type Step } from './run-plan.ts';

const never = new AbortController().signal;

function recorder() {
  const events: ReportEvent[] = [];
  return { events, emit: (event: ReportEvent) => void events.push(event), close: async () => {} };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** A step that records what happens to it in `log`. */
function step(log: string[], name: string, after: string[], work: Step['run'] = async () => 'done'): Step {
  return {
    name,
    title: name,
    after,
    run: async (context) => {
      log.push(`run ${name}`);
      return work(context);
    },
    undo: async () => void log.push(`undo ${name}`),
  };
}

describe('runPlan', () => {
  it('starts a step when all its predecessors are done, and independent ones in parallel', async () => {
    const log: string[] = [];
    let releaseA: () => void = () => undefined;
    const a = new Promise<string>((resolve) => {
      releaseA = () => resolve('a');
    });
    const plan = runPlan(
      [
        step(log, 'c', ['a', 'b']),
        step(log, 'a', [], () => a),
        step(log, 'b', [], async () => {
          releaseA();
          return 'b';
        }),
      ],
      recorder(),
      never,
    );
    const { timings } = await plan;
    expect(log).toEqual(['run a', 'run b', 'run c']);
    expect(timings.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('undoes in reverse order what had begun when a step fails, the failing one included, and not the rest', async () => {
    const log: string[] = [];
    const failure = new Error('no');
    const plan = runPlan(
      [step(log, 'a', []), step(log, 'b', ['a'], () => Promise.reject(failure)), step(log, 'c', ['b'])],
      recorder(),
      never,
    );
    await expect(plan).rejects.toBe(failure);
    expect(log).toEqual(['run a', 'run b', 'undo b', 'undo a']);
  });

  it('reports the failure before anything is undone', async () => {
    const reporter = recorder();
    const steps = [step([], 'a', []), step([], 'b', ['a'], () => Promise.reject(new Error('no')))];
    await runPlan(steps, reporter, never).catch(() => undefined);
    const types = reporter.events.map(({ type }) => type);
    expect(types.indexOf('step-failed')).toBeLessThan(types.indexOf('undo'));
  });

  it('aborts the steps that run alongside a failing one, and awaits them before it undoes', async () => {
    const log: string[] = [];
    const steps = [
      step(log, 'slow', [], async ({ signal }) => {
        await untilAborted(signal).catch(() => log.push('slow aborted'));
        throw new Error('aborted');
      }),
      step(log, 'bad', [], () => Promise.reject(new Error('bad'))),
    ];
    await expect(runPlan(steps, recorder(), never)).rejects.toThrow('bad');
    expect(log).toEqual(['run slow', 'run bad', 'slow aborted', 'undo bad', 'undo slow']);
  });

  it('ends with the reason of the signal and undoes when it is aborted', async () => {
    const log: string[] = [];
    const abort = new AbortController();
    const reason = new Error('Ctrl-C');
    const plan = runPlan(
      [step(log, 'a', [], ({ signal }) => untilAborted(signal))],
      recorder(),
      abort.signal,
    );
    setImmediate(() => abort.abort(reason));
    await expect(plan).rejects.toBe(reason);
    expect(log).toEqual(['run a', 'undo a']);
  });

  it('undoes the rest when one undo fails, and reports both errors', async () => {
    const log: string[] = [];
    const steps: Step[] = [
      step(log, 'a', []),
      { ...step(log, 'b', ['a']), undo: () => Promise.reject(new Error('stuck')) },
      step(log, 'c', ['b'], () => Promise.reject(new Error('first'))),
    ];
    const error = await runPlan(steps, recorder(), never).catch((thrown: unknown) => thrown);
    expect(log.at(-1)).toBe('undo a');
    expect((error as AggregateError).errors.map(String)).toEqual(['Error: first', 'Error: stuck']);
  });

  it('refuses a plan with an unknown predecessor or a circle', async () => {
    await expect(runPlan([step([], 'a', ['x'])], recorder(), never)).rejects.toThrow('comes after x');
    const circle = [step([], 'a', ['b']), step([], 'b', ['a'])];
    await expect(runPlan(circle, recorder(), never)).rejects.toThrow('circle');
  });
});
