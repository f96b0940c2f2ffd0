import { readValue, withoutBlanks } from '../orchestrator/settings/setting-kinds.ts';
import {
  rowsOf,
  SETTING_TABLE,
  type SettingNameOf,
  type SettingRows,
  type SettingValues,
} from '../orchestrator/settings/setting-table.ts';
import { ConfigError } from './config-error.ts';
import { shownValue } from './shown-value.ts';

/** The name of a setting of the producer; those of security are in `security.ts`. */
export type ProducerSetting = SettingNameOf<'producer'>;

/** The values of all settings of the producer. */
export type ProducerSettings = SettingValues<ProducerSetting>;

/**
 * Reads every setting of the producer from an environment; an empty value counts as not set.
 *
 * @throws {ConfigError} for the first setting whose value is not allowed
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  table: SettingRows = SETTING_TABLE,
): ProducerSettings {
  const read = rowsOf('producer', table).map(([name, { takes, default: byDefault }]) => {
    const given = withoutBlanks(environment[name] ?? '') || byDefault;
    if (given === undefined) return [name, undefined];
    const reading = readValue(takes, given);
    if ('value' in reading) return [name, reading.value];
    throw refusal(name, given, reading.allowed);
  });
  return Object.fromEntries(read);
}

/** The refusal of a setting's value. */
export function refusal(name: string, given: string, allowed: string): ConfigError {
  return new ConfigError(`${name}=${shownValue(given)} is not allowed: give ${allowed}`);
}
