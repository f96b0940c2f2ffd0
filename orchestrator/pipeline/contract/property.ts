import type { YamlMembers, YamlValue } from '../yaml-source.ts';

/**
 * Parts of an ODCS schema object and of a property that are for people and other tools. They stay
 * in the file and are not executed.
 */
export const KEPT_OF_ELEMENT = [
  'id',
  'description',
  'businessName',
  'authoritativeDefinitions',
  'tags',
  'relationships',
] as const;

const KEPT_OF_PROPERTY = [
  ...KEPT_OF_ELEMENT,
  'primaryKey',
  'primaryKeyPosition',
  'classification',
  'criticalDataElement',
  'encryptedName',
  'examples',
  'partitioned',
  'partitionKeyPosition',
  'transformSourceObjects',
  'transformLogic',
  'transformDescription',
] as const;

const EXECUTED_OF_PROPERTY = [
  'name',
  'logicalType',
  'logicalTypeOptions',
  'physicalType',
  'physicalName',
  'required',
  'unique',
  'quality',
  'properties',
  'items',
  'customProperties',
] as const;

/** The keys of a property, or of the items of an array. */
export const PROPERTY_KEYS = [...EXECUTED_OF_PROPERTY, ...KEPT_OF_PROPERTY] as const;

type PropertyKey = (typeof PROPERTY_KEYS)[number];

/** The members of a property of the contract, or of the items of an array. */
export type PropertyMembers = YamlMembers<PropertyKey>;

/** @throws Refusal for a key that ODCS does not have */
export function propertyMembers(property: YamlValue): PropertyMembers {
  return property.members<PropertyKey>(PROPERTY_KEYS);
}

/** The value of a custom property; undefined when the property does not have it. */
export function customProperty(members: PropertyMembers, name: string): YamlValue | undefined {
  for (const entry of members.get('customProperties')?.list() ?? []) {
    const { get, required } = entry.members(['id', 'property', 'value', 'description']);
    if (required('property').text() === name)
      return get('value') ?? entry.refuse(`${name} has no value`, 'a value');
  }
  return undefined;
}

/**
 * The rules of a `quality` list that are executed. Rules of type `text` are for people. @throws
 * Refusal for any other rule
 */
export function libraryRules(quality: YamlValue | undefined): QualityRule[] {
  return (quality?.list() ?? []).flatMap((rule) => {
    const entries = rule.entries();
    const type = entries.get('type')?.value;
    if (type?.oneOf(['text', 'library']) === 'text') return [];
    const metric =
      entries.get('metric')?.value ?? rule.refuse('a quality rule has no metric', 'metric: invalidValues');
    metric.oneOf(['invalidValues']);
    return [rule.members(RULE_KEYS)];
  });
}

export const RULE_KEYS = [
  'metric',
  'arguments',
  'mustBe',
  'id',
  'type',
  'name',
  'description',
  'dimension',
  'severity',
  'businessImpact',
  'unit',
  'tags',
  'authoritativeDefinitions',
  'customProperties',
] as const;

export type QualityRule = YamlMembers<(typeof RULE_KEYS)[number]>;

/**
 * ISO 8601 texts in the two files: limits, valid values and literals. The values in events are read
 * elsewhere.
 */

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(?:([Zz])|([+-]\d{2}):?(\d{2})?)?$/;

/** What a date and an instant look like, for refusals. */
export const DATE_FORM = 'a date such as 2026-01-31';
export const INSTANT_FORM = 'a time such as 2026-01-31T10:00:00Z';

/** Returns the date unchanged when it is in the calendar. */
export function isoDate(text: string): string | undefined {
  return DATE.test(text) && isDay(text) ? text : undefined;
}

/** The instant as `2026-01-31T10:00:00.000000Z`. A text without an offset is read as UTC. */
export function isoInstant(text: string): string | undefined {
  const match = INSTANT.exec(text);
  if (!match) return undefined;
  const [, date = '', hour = '', minute = '', second = '00', fraction = '', , sign, offsetMinutes = '00'] =
    match;
  if (!isDay(date) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offset = sign === undefined ? 0 : offsetMs(sign, offsetMinutes);
  if (offset === undefined) return undefined;
  const utc = new Date(Date.parse(`${date}T${hour}:${minute}:${second}Z`) - offset).toISOString();
  // A year outside 0 to 9999 has another notation.
  return utc.length === 24 ? `${utc.slice(0, 19)}.${fraction.padEnd(6, '0')}Z` : undefined;
}

/** A zone as `UTC` or `±hh:mm`; undefined for a zone whose offset is not fixed. */
export function fixedZone(text: string): string | undefined {
  if (/^(Etc\/)?UTC$|^Z$/.test(text)) return 'UTC';
  const match = /^([+-]\d{2}):(\d{2})$/.exec(text);
  const offset = match && offsetMs(match[1] ?? '', match[2] ?? '');
  if (offset === undefined || offset === null) return undefined;
  return offset === 0 ? 'UTC' : text;
}

function isDay(date: string): boolean {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}

function offsetMs(hours: string, minutes: string): number | undefined {
  const total = (Number(hours.slice(1)) * 60 + Number(minutes)) * (hours.startsWith('-') ? -60_000 : 60_000);
  return Number(minutes) < 60 && Math.abs(total) <= 18 * 3_600_000 ? total : undefined;
}
