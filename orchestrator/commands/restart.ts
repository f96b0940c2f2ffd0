import { durationText } from '../core/duration.ts';
import { ProductError } from '../core/product-error.ts';
import { createStack } from '../engine/create-stack.ts';
import { SERVICE_NAMES } from '../services/services.ts';
import type { Command } from './command.ts';
import { assertServices, serviceNames, servicesOf } from './service-names.ts';

interface RestartOptions {
  readonly services: readonly string[];
}

/** `restart`: services of the running stack, until they are ready again. */
export const restart: Command<RestartOptions> = {
  usage: 'restart [services..]',
  summary: 'Restart services of the running stack and wait until they are ready again',
  examples: [
    ['npm run restart -- spark-streaming', 'the job alone, such as after a change of its code'],
    [
      'npm run restart -- kafka producer',
      'Kafka, then the producer; what else follows Kafka is left running',
    ],
    ['npm run restart -- kafka-init', 'run the one-shot again, which makes a missing topic'],
  ],
  isLenient: true,
  options: (yargs) => serviceNames(yargs, 'Services, at least one'),
  check({ services }) {
    assertServices('restart', services);
    if (services.length > 0) return;
    throw new ProductError('BAD_USAGE', {
      message: `restart needs at least one service: ${SERVICE_NAMES.join(', ')}.`,
      hint: '`npm run restart -- spark-streaming` restarts the job; `npm run down`, then `npm run up`, everything.',
    });
  },
  afterInterrupt: 'What it had stopped was started again.',
  async run(context, { services }) {
    const done = await createStack(context).restart(servicesOf(services));
    const each = done.restarted.map(({ name, elapsedMs }) => `${name} after ${durationText(elapsedMs)}`);
    return { exitCode: 0, json: { ...done }, text: `Restarted and ready: ${each.join(', ')}.` };
  },
};
