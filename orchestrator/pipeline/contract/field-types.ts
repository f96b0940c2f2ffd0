import type { EpochUnit, ScalarType } from '../model.ts';
import type { YamlValue } from '../yaml-source.ts';
import { fixedZone } from './iso-time.ts';
import { readPattern } from './jdk-pattern.ts';
import { customProperty, type PropertyMembers } from './property.ts';

const EPOCH_UNITS: readonly EpochUnit[] = ['seconds', 'milliseconds', 'microseconds'];
const NUMBERS = 'decimal(p,s) with at most 38 digits, double';
const ZONES = 'UTC, or an offset such as +02:00 (zones with summer time are ambiguous for an hour each year)';

/** What the JSON of each type looks like: a physicalType says nothing new there, and is taken. */
const PHYSICAL_TYPES = {
  string: ['string'],
  integer: ['integer'],
  boolean: ['boolean'],
  date: ['string'],
  timestamp: ['string'],
  epoch: ['number', 'integer'],
} as const;

/** Reads the type of a property that is no object and no array. @throws Refusal */
export function readScalarType(
  logicalType: 'string' | 'integer' | 'number' | 'boolean' | 'date' | 'timestamp',
  members: PropertyMembers,
): ScalarType {
  const physicalType = members.get('physicalType');
  if (logicalType === 'number') return readNumberType(physicalType);
  const epoch = customProperty(members, 'epoch')?.oneOf(EPOCH_UNITS);
  physicalType?.oneOf(PHYSICAL_TYPES[epoch ? 'epoch' : logicalType]);
  if (epoch) return { kind: 'timestamp', epoch };
  if (logicalType === 'date') return { kind: 'date', ...readFormat('date', members) };
  if (logicalType !== 'timestamp') return { kind: logicalType };
  const zone = timeOptions(members)?.get('defaultTimezone');
  const timezone = zone === undefined ? 'UTC' : fixedZone(zone.text(ZONES));
  return {
    kind: 'timestamp',
    ...readFormat('timestamp', members),
    timezone: timezone ?? (zone as YamlValue).refuse(`${zone?.shown} has no fixed offset`, ZONES),
  };
}

function readNumberType(physicalType: YamlValue | undefined): ScalarType {
  if (physicalType === undefined || physicalType.text(NUMBERS) === 'double') return { kind: 'double' };
  const match = /^decimal\( *(\d{1,2}) *, *(\d{1,2}) *\)$/i.exec(physicalType.text());
  const [precision, scale] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || precision < 1 || precision > 38 || scale > precision) {
    return physicalType.refuse(`${physicalType.shown} is not supported here`, NUMBERS);
  }
  return { kind: 'decimal', precision, scale };
}

function readFormat(
  kind: 'date' | 'timestamp',
  members: PropertyMembers,
): { format: string; shape?: string } {
  const format = timeOptions(members)?.get('format');
  // What ODCS's own examples call ISO 8601.
  if (format === undefined || /^iso8601$/i.test(format.text())) return { format: 'iso8601' };
  const pattern = format.parse((text) => readPattern(text, kind), 'a pattern');
  return { format: pattern.format, shape: pattern.shape };
}

/** Which of the options a date or timestamp can have at all is checked with its constraints. */
function timeOptions(members: PropertyMembers) {
  const entries = members.get('logicalTypeOptions')?.entries();
  return entries && { get: (name: string) => entries.get(name)?.value };
}
