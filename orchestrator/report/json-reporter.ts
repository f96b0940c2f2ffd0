import type { ReportEvent, Reporter } from '../core/reporter.ts';
import { errorJson } from './error-text.ts';
import type { Output } from './output.ts';

/** For scripts: events as JSON lines on standard error. */
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
