import { messageOf, ProductError } from '../core/product-error.ts';
import type { ServiceName } from '../services/service-name.ts';

/** There is nothing to start again: no command line, no container. */
export function neverStarted(service: ServiceName): ProductError {
  return new ProductError('STACK_NOT_RUNNING', {
    message: `${service} cannot be restarted: it was never started in this stack.`,
    hint: 'Run `npm run up`, which starts what does not run.',
    service,
  });
}

/** @param cause what the supervisor or the engine said */
export function notRestarted(service: ServiceName, cause: unknown): ProductError {
  return new ProductError('STEP_FAILED', {
    message: `${service} could not be restarted: ${messageOf(cause)}.`,
    hint: `See \`npm run logs -- ${service}\`; \`npm run down\`, then \`npm run up\`, starts the whole stack again.`,
    service,
    cause,
  });
}
