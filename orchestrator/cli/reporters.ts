import { durationText, type Output } from '../util/output.ts';
import { errorJson } from '../util/product-error.ts';
import type { ReportEvent, Reporter } from '../util/run-plan.ts';

/** A wait reports its detail at most this often, so that a log of CI stays readable. */
const DETAIL_EVERY_MS = 5000;

/** Reports one line per event, without redrawing and without colour, for logs and pipes. */
export function plainReporter(output: Output, now: () => number = () => performance.now()): Reporter {
  const lastSaidMs = new Map<string, number>();
  const say = (step: string, text: string) => output.err(`[${step}] ${text}`);
  return {
    emit(event: ReportEvent) {
      switch (event.type) {
        case 'step-started':
          lastSaidMs.set(event.step, now());
          return say(event.step, 'starting');
        case 'step-detail':
          if (now() - (lastSaidMs.get(event.step) ?? 0) < DETAIL_EVERY_MS) return;
          lastSaidMs.set(event.step, now());
          return say(event.step, event.detail);
        case 'step-done':
          return say(event.step, `ready in ${durationText(event.elapsedMs)}: ${event.detail}`);
        case 'step-failed':
          return say(event.step, `failed after ${durationText(event.elapsedMs)}`);
        case 'undo':
          return say(event.step, 'stopping again');
        case 'note':
        case 'progress':
          return output.err(event.text);
        case 'warning':
          return output.err(`warning: ${event.text}`);
      }
    },
    close: async () => {},
  };
}

/** Reports events as JSON lines on standard error, for scripts. */
export function jsonReporter(output: Output): Reporter {
  return {
    emit(event: ReportEvent) {
      if (event.type === 'step-failed')
        output.err(JSON.stringify({ ...event, error: errorJson(event.error) }));
      else output.err(JSON.stringify(event));
    },
    close: async () => {},
  };
}
