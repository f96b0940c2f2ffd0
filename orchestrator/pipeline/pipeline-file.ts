import { durationMs, KIND_LIMITS, TOPIC_PATTERN } from '../settings/setting-kinds.ts';
import { foldCase } from './column-name.ts';
import { type Contract, readName } from './contract/contract.ts';
import {
  type Column,
  type EventTime,
  type Expectation,
  type GoldTable,
  isScalar,
  KAFKA_TS,
  type Measure,
  type Pipeline,
  rawCsvColumns,
  SILVER_OWN,
  type Source,
  silverColumns,
} from './model.ts';
import { checkCondition, checkMeasure } from './sql/sql-check.ts';
import { parseExpression, parseMeasure } from './sql/sql-parser.ts';
import type { Refusals, YamlMembers, YamlValue } from './yaml-source.ts';

/** The keys of pipeline.yml and of the mappings in it. The JSON Schema has the same. */
export const PIPELINE_KEYS = {
  document: [
    'contract',
    'source',
    'event_time',
    'unknown_fields',
    'expectations',
    'raw_csv',
    'gold',
    'generate',
  ],
  source: ['topic', 'partitions', 'key'],
  eventTime: ['field', 'watermark'],
  expectations: ['expect', 'expect_or_quarantine'],
  rawCsv: ['columns'],
  goldTable: ['name', 'group_by', 'window', 'slide', 'measures'],
} as const;

export const UNKNOWN_FIELDS = ['ignore', 'quarantine'] as const;

/** The members of pipeline.yml. */
export type PipelineMembers = YamlMembers<(typeof PIPELINE_KEYS.document)[number]>;

export const MOST_PARTITIONS = 1000;
const TOPIC = new RegExp(`^(?:${TOPIC_PATTERN})$`);
const TOPIC_FORM = '1 to 249 letters, digits, dots, underscores or hyphens';
/** An expectation's name is a reason in quarantine, and a name in logs and reports. */
export const EXPECTATION = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const EXPECTATION_FORM = 'letters, digits and _, not beginning with a digit';
/** Quarantine reasons of the job itself. */
const REASONS =
  /^(null_value|schema_registry_header|not_json_object|wrong_type|unknown_field|(missing|bad)_.*)$/i;

/** @throws Refusal for a key that pipeline.yml does not have */
export function pipelineMembers(document: YamlValue): PipelineMembers {
  return document.members(PIPELINE_KEYS.document);
}

/** The topic and partitions. The key can be read only with the contract. */
export function readTopic(
  members: PipelineMembers,
): Omit<Source, 'key'> & { readonly key: YamlValue | undefined } {
  const source = members.required('source').members(PIPELINE_KEYS.source);
  const topic = source.required('topic');
  if (!TOPIC.test(topic.text(TOPIC_FORM))) topic.refuse(`${topic.shown} is no topic's name`, TOPIC_FORM);
  return {
    topic: topic.text(),
    partitions: source.get('partitions')?.wholeNumber(1, MOST_PARTITIONS) ?? 3,
    key: source.get('key'),
  };
}

/** How pipeline.yml processes an event that the contract describes. */
export type Processing = Pick<Pipeline, 'eventTime' | 'unknownFields' | 'expectations' | 'rawCsv' | 'gold'>;

/**
 * Reads how events are processed. A part that is refused is left out, and its refusal is collected.
 */
export function readProcessing(
  members: PipelineMembers,
  contract: Contract,
  refusals: Refusals,
): Processing | undefined {
  const eventTime = refusals.attempt(() => readEventTime(members.required('event_time'), contract));
  if (!eventTime) return undefined;
  refuseTakenNames(contract, eventTime, refusals);
  const silver = silverColumns(contract.fields, eventTime);
  const unknownFields = refusals.attempt(
    () => members.get('unknown_fields')?.oneOf(UNKNOWN_FIELDS) ?? 'ignore',
  );
  return {
    eventTime,
    unknownFields: unknownFields ?? 'ignore',
    expectations: readExpectations(members.get('expectations'), silver, refusals),
    rawCsv: {
      columns:
        refusals.attempt(() => readRawCsv(members.get('raw_csv'), silver)) ??
        rawCsvColumns(contract.fields, eventTime),
    },
    gold: refusals.attempt(() => readGoldTables(members.get('gold'), silver, refusals)) ?? [],
  };
}

/** The key is a scalar field of the event. */
export function readKey(key: YamlValue | undefined, { fields }: Contract): string | null {
  const scalars = fields.filter(({ type }) => isScalar(type)).map(({ name }) => name);
  return key?.oneOf(scalars) ?? null;
}

function readEventTime(value: YamlValue, { fields }: Contract): EventTime {
  const members = value.members(PIPELINE_KEYS.eventTime);
  const field = members.required('field');
  const watermarkMs = readDuration(members.required('watermark'), { min: 0 });
  const allowed = [
    ...fields.filter(({ type, required }) => type.kind === 'timestamp' && required).map(({ name }) => name),
    KAFKA_TS,
  ];
  const found = fields.find(({ name }) => field.isText && name === field.text());
  if (found && !allowed.includes(found.name)) {
    const what = found.type.kind === 'timestamp' ? 'is not required' : `is of type ${found.type.kind}`;
    field.refuse(`${found.name} ${what}`, `a required timestamp: ${allowed.join(', ')}`);
  }
  return { field: field.oneOf(allowed), watermarkMs };
}

/**
 * Refuses fields with the names of silver's own columns. The field of the event time is not in
 * silver.
 */
function refuseTakenNames({ fields, namePlaces }: Contract, eventTime: EventTime, refusals: Refusals): void {
  const names = SILVER_OWN.map(({ name }) => name);
  refusals.each(fields, ({ name }) => {
    if (!names.includes(foldCase(name)) || name === eventTime.field) return;
    namePlaces
      .get(name)
      ?.refuse(`silver has a column ${foldCase(name)} of its own`, `names but ${names.join(', ')}`);
  });
}

function readExpectations(
  value: YamlValue | undefined,
  silver: readonly Column[],
  refusals: Refusals,
): Pipeline['expectations'] {
  const members = refusals.attempt(() => value?.members(PIPELINE_KEYS.expectations));
  const names = new Set<string>();
  const read = (list: YamlValue | undefined): Expectation[] => {
    const entries = refusals.attempt(() => [
      ...(list?.entries('a mapping of names to conditions') ?? new Map()).values(),
    ]);
    return refusals.each(entries ?? [], ({ key, value: sql }: { key: YamlValue; value: YamlValue }) => {
      const name = key.text(EXPECTATION_FORM);
      if (!EXPECTATION.test(name)) key.refuse(`${key.shown} is no expectation's name`, EXPECTATION_FORM);
      if (REASONS.test(name)) key.refuse(`${name} is a reason of the job's own`, 'another name');
      if (names.has(name)) key.refuse(`${name} is there twice`, 'another name');
      names.add(name);
      const expression = sql.parse((text) => checkCondition(parseExpression(text), silver), 'a condition');
      return { name, sql: sql.text(), expression };
    });
  };
  return {
    expect: read(members?.get('expect')),
    expectOrQuarantine: read(members?.get('expect_or_quarantine')),
  };
}

function readRawCsv(value: YamlValue | undefined, silver: readonly Column[]): string[] | undefined {
  const columns = value?.members(PIPELINE_KEYS.rawCsv).get('columns');
  if (columns === undefined) return undefined;
  const names = columns
    .list('a list of columns')
    .map((column) => column.oneOf(silver.map(({ name }) => name)));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) columns.refuse(`${twice} is there twice`, 'each column once');
  return names.length > 0 ? names : columns.refuse('there are no columns', 'one or more');
}

/** Names of folders, files and queries that exist already. */
const TAKEN = ['bronze', 'silver', 'quarantine', 'raw_csv', 'raw', 'ingest'];
export const TABLE_NAME = /^[a-z][a-z0-9_]{0,62}$/;
const TABLE_FORM = `lower-case letters, digits and _, but not ${TAKEN.join(', ')}`;
/** A row belongs to so many windows at once, and each is a row of state. */
const MAX_WINDOWS = 100;

/** Reads the gold tables of pipeline.yml: windows over silver's columns. */
function readGoldTables(
  value: YamlValue | undefined,
  silver: readonly Column[],
  refusals: Refusals,
): GoldTable[] {
  const names = new Set<string>();
  return refusals.each(value?.list('a list of tables') ?? [], (table) => {
    const members = table.members(PIPELINE_KEYS.goldTable);
    const name = members.required('name');
    const text = name.text(TABLE_FORM);
    if (!TABLE_NAME.test(text) || TAKEN.includes(text))
      name.refuse(`${name.shown} cannot be a table's name`, TABLE_FORM);
    if (names.has(text)) name.refuse(`${text} is there twice`, 'another name');
    names.add(text);
    const groupBy = refusals.attempt(() => readGroupBy(members.get('group_by'), silver)) ?? [];
    const windowMs = readDuration(members.required('window'), { min: 1000 });
    return {
      name: text,
      groupBy,
      windowMs,
      slideMs: readSlide(members.get('slide'), windowMs),
      measures: readMeasures(members.required('measures'), groupBy, silver, refusals),
    };
  });
}

function readGroupBy(value: YamlValue | undefined, silver: readonly Column[]): string[] {
  const allowed = silver
    .filter(
      ({ name, type }) =>
        isScalar(type) && type.kind !== 'double' && name !== 'event_time' && name !== 'offset',
    )
    .map(({ name }) => name);
  const names = (value?.list('a list of columns') ?? []).map((column) => column.oneOf(allowed));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  return twice === undefined
    ? names
    : (value as YamlValue).refuse(`${twice} is there twice`, 'each column once');
}

function readSlide(value: YamlValue | undefined, windowMs: number): number {
  if (value === undefined) return windowMs;
  const slideMs = readDuration(value, { min: 1000 });
  if (windowMs % slideMs !== 0) {
    value.refuse(`${value.shown} does not divide the window`, `a divisor of ${durationText(windowMs)}`);
  }
  if (windowMs / slideMs > MAX_WINDOWS) {
    value.refuse(`every row would be in ${windowMs / slideMs} windows`, `at most ${MAX_WINDOWS}`);
  }
  return slideMs;
}

function readMeasures(
  value: YamlValue,
  groupBy: readonly string[],
  silver: readonly Column[],
  refusals: Refusals,
): Measure[] {
  const entries = [...value.entries('a mapping of names to count, sum, min, max or avg').values()];
  if (entries.length === 0)
    value.refuse('there are no measures', 'one or more, such as { events: count(*) }');
  const taken = new Set([...groupBy, 'window_start', 'window_end'].map(foldCase));
  return refusals.each(entries, (entry) => {
    const name = readName(entry.key);
    if (taken.has(foldCase(name))) entry.key.refuse(`the table has a column ${name} already`, 'another name');
    taken.add(foldCase(name));
    return { name, ...entry.value.parse((sql) => checkMeasure(parseMeasure(sql), silver), 'an aggregate') };
  });
}

const UNITS = KIND_LIMITS.unitsMs;
const ALLOWED = 'a count and a unit, such as "30 seconds", "5 minutes", "1 hour" or "1 day"';
/**
 * Far below the point where milliseconds in a double, or microseconds in 64 bits, stop being exact.
 */
const MAX_MS = 36_500 * UNITS.day;

/**
 * Reads a duration in milliseconds. Units without a fixed length, such as months, are refused.
 * @throws Refusal
 */
function readDuration(value: YamlValue, { min }: { readonly min: number }): number {
  const ms = durationMs(value.text(ALLOWED).trim());
  if (ms === undefined) return value.refuse(`${value.shown} is no duration`, ALLOWED);
  if (ms < min || ms > MAX_MS) {
    value.refuse(`${value.shown} is out of range`, `from ${durationText(min)} to ${durationText(MAX_MS)}`);
  }
  return ms;
}

/** A duration in its largest whole unit: `90 seconds`, `1 minute`. */
export function durationText(ms: number): string {
  const units = Object.entries(UNITS).reverse();
  const [unit, size] = units.find(([, size]) => ms !== 0 && ms % size === 0) ?? ['second', 1000];
  const count = ms / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
