import type { Argv } from 'yargs';
import { shownValue } from '../../producer/shown-value.ts';
import { ProductError } from '../core/product-error.ts';
import type { ServiceName } from '../services/service-name.ts';
import { SERVICE_NAMES } from '../services/services.ts';

/** The parser's rule that the last of several values counts would leave one of several names, too. */
const KEEPS_ALL = { 'parse-positional-numbers': false, 'duplicate-arguments-array': true };

/** Names of services behind a command: `[services..]` in its usage. @param describe how many it takes */
export function serviceNames<Options>(yargs: Argv<Options>, describe: string) {
  return yargs.parserConfiguration(KEEPS_ALL).positional('services', {
    array: true,
    type: 'string',
    default: [] as string[],
    describe: `${describe}: ${SERVICE_NAMES.join(', ')}`,
  });
}

/** The services of checked names, each once and in the order of the start. */
export const servicesOf = (names: readonly string[]): readonly ServiceName[] =>
  SERVICE_NAMES.filter((name) => names.includes(name));

/** Of an option that was given several times, the last value. */
export const lastOf = (value: unknown): unknown => (Array.isArray(value) ? value.at(-1) : value);

/**
 * Checks the names of services on a command line.
 * @throws ProductError BAD_USAGE with the unknown names and those that there are
 */
export function assertServices(command: string, names: readonly string[]): void {
  const unknown = names.filter((name) => !SERVICE_NAMES.some((known) => known === name));
  if (unknown.length === 0) return;
  throw new ProductError('BAD_USAGE', {
    message: `${command} ${unknown.map(shownValue).join(' ')} is not allowed: services are ${SERVICE_NAMES.join(', ')}.`,
    hint: `\`npm run status\` shows what runs; \`npm run ${command} -- --help\` shows how services are named.`,
  });
}
