import { ProductError } from '../core/product-error.ts';
import type { ReportEvent } from '../core/reporter.ts';
import type { ServiceName } from '../services/service-name.ts';
import { SERVICE_NAMES } from '../services/services.ts';
import { FIRST_DATA } from '../stack/up-plan.ts';
import type { EngineContext } from './engine-context.ts';

/** What is known of a step of the plan that is not done. */
interface OpenStep {
  readonly name: string;
  /** The last thing that it said; undefined before it was started. */
  detail?: string;
}

/**
 * Bounds work by aborting its signal with an error that names what was not ready, and why.
 * @param timeoutMs no bound when undefined
 * @throws ProductError GATE_TIMEOUT, once the work has ended; what the work throws
 */
export async function withDeadline<T>(
  context: EngineContext,
  timeoutMs: number | undefined,
  work: (context: EngineContext) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return work(context);
  const late = new AbortController();
  const open = new Map<string, OpenStep>();
  const timer = setTimeout(() => late.abort(timeoutError(timeoutMs, [...open.values()])), timeoutMs);
  try {
    return await work({
      ...context,
      reporter: {
        emit: (event) => {
          note(open, event);
          context.reporter.emit(event);
        },
        close: () => context.reporter.close(),
      },
      signal: AbortSignal.any([context.signal, late.signal]),
    });
  } finally {
    clearTimeout(timer);
  }
}

function note(open: Map<string, OpenStep>, event: ReportEvent): void {
  if (event.type === 'plan') for (const { step } of event.steps) open.set(step, { name: step });
  else if (event.type === 'step-started') open.set(event.step, { name: event.step, detail: 'just started' });
  else if (event.type === 'step-detail') open.set(event.step, { name: event.step, detail: event.detail });
  else if (event.type === 'step-done') open.delete(event.step);
}

function timeoutError(timeoutMs: number, open: readonly OpenStep[]): ProductError {
  const begun = open.filter(({ detail }) => detail !== undefined);
  const waiting = open.filter(({ detail }) => detail === undefined).map(({ name }) => name);
  const seen = begun.map(({ name, detail }) => `${name}: ${detail}`);
  const behind = waiting.length === 0 ? [] : [`not started yet: ${waiting.join(', ')}`];
  const what = open.length === 0 ? 'no step had begun' : [...seen, ...behind].join('; ');
  const seconds = timeoutMs / 1000;
  const service = begun.map(({ name }) => serviceOf(name)).find((name) => name !== undefined);
  return new ProductError('GATE_TIMEOUT', {
    message: `The stack was not ready within ${seconds} s (--timeout ${seconds}): ${what}.`,
    hint: `\`npm run up -- --timeout ${2 * seconds}\` waits longer, \`npm run up\` as long as each step may take; \`npm run doctor\` checks the machine.`,
    ...(service !== undefined && { service }),
  });
}

/** The service whose log tells of a step. */
function serviceOf(step: string): ServiceName | undefined {
  return SERVICE_NAMES.find((name) => name === (step === FIRST_DATA ? 'spark-streaming' : step));
}
