import { Listr, type ListrTaskWrapper } from 'listr2';
import pc from 'picocolors';
import { durationText, type Output } from '../util/output.ts';
import type { PlannedStep, ReportEvent, Reporter } from '../util/run-plan.ts';

/** The parts of listr2's task that a line uses; its renderer types do not matter here. */
type DrawnTask = Pick<ListrTaskWrapper<unknown, never, never>, 'title' | 'skip'>;

const ELAPSED_EVERY_MS = 200;

/** One line of the list. Its listr2 task lasts until `end` or `fail` is called. */
class Line {
  readonly done: Promise<void>;
  end: () => void = () => undefined;
  fail: (error: Error) => void = () => undefined;
  detail = '';
  task: DrawnTask | undefined;
  startedMs: number | undefined;
  readonly title: string;

  constructor(title: string) {
    this.title = title;
    this.done = new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  }

  draw(): void {
    if (!this.task || this.startedMs === undefined) return;
    const elapsed = durationText(performance.now() - this.startedMs);
    this.task.title = `${this.title} ${pc.dim(`${elapsed}${this.detail === '' ? '' : ` · ${this.detail}`}`)}`;
  }

  abandon(): void {
    if (this.startedMs === undefined) this.task?.skip(`${this.title} ${pc.dim('not started')}`);
    this.end();
  }
}

/**
 * Reports to a terminal as a task list that is redrawn in place with elapsed times. Text outside
 * the list waits until the list is closed.
 */
export function taskListReporter(output: Output): Reporter {
  const lines = new Map<string, Line>();
  const open = new Set<Line>();
  const later: (() => void)[] = [];
  let shown: Promise<unknown> | undefined;
  let ticker: NodeJS.Timeout | undefined;

  const begin = (steps: readonly PlannedStep[]) => {
    for (const { step, title } of steps) lines.set(step, new Line(title));
    for (const line of lines.values()) open.add(line);
    const tasks = steps.map(({ step, title, after }) => ({
      title: after.length === 0 ? title : `${title} ${pc.dim(`after ${after.join(', ')}`)}`,
      task: async (_context: unknown, task: DrawnTask) => {
        const line = lines.get(step);
        if (line) line.task = task;
        await line?.done;
      },
    }));
    // The command handles signals. listr2's own handler would end the process before anything is
    // undone.
    shown = new Listr(tasks, { concurrent: true, exitOnError: false, registerSignalListeners: false }).run();
    ticker = setInterval(() => {
      for (const line of open) line.draw();
    }, ELAPSED_EVERY_MS);
  };
  const closeLine = (step: string, close: (line: Line) => void) => {
    const line = lines.get(step);
    if (!line) return;
    line.draw();
    open.delete(line);
    close(line);
  };
  const say = (write: () => void) => {
    if (shown) later.push(write);
    else write();
  };

  return {
    emit(event: ReportEvent) {
      const line = 'step' in event ? lines.get(event.step) : undefined;
      switch (event.type) {
        case 'plan':
          return begin(event.steps);
        case 'step-started':
          if (line) line.startedMs = performance.now();
          return;
        case 'step-detail':
          if (line) line.detail = event.detail;
          return;
        case 'step-done':
          if (line) line.detail = event.detail;
          return closeLine(event.step, (done) => done.end());
        case 'step-failed':
          return closeLine(event.step, (failed) => failed.fail(new Error(`${failed.title} failed`)));
        case 'undo':
          return say(() => output.err(pc.dim(`stopped again: ${event.title}`)));
        case 'note':
        case 'progress':
          return say(() => output.err(event.text));
        case 'warning':
          return say(() => output.err(pc.yellow(`warning: ${event.text}`)));
      }
    },
    async close() {
      clearInterval(ticker);
      for (const line of open) line.abandon();
      await shown;
      shown = undefined;
      for (const write of later.splice(0)) write();
    },
  };
}
