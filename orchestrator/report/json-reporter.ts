import type { ReportEvent, Reporter } from '../core/reporter.ts';
import { errorJson } from './error-text.ts';
import type { Output } from './output.ts';

/** For scripts: the result as one JSON document on standard output, events as JSON lines on standard error. */
export function jsonReporter(output: Output): Reporter {
  return {
    emit(event: ReportEvent) {
      if (event.type === 'result') output.out(JSON.stringify(event.result));
      else if (event.type === 'step-failed')
        output.err(JSON.stringify({ ...event, error: errorJson(event.error) }));
      else output.err(JSON.stringify(event));
    },
    close: async () => {},
  };
}
