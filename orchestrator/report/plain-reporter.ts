import { durationText } from '../core/duration.ts';
import type { ReportEvent, Reporter } from '../core/reporter.ts';
import type { Output } from './output.ts';

/** A wait is commented at most this often, so that a log of CI stays readable. */
const DETAIL_EVERY_MS = 5000;

/** One line per event, for logs and pipes: nothing is redrawn, no colour. */
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
