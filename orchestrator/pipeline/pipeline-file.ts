import { TOPIC_PATTERN } from '../settings/setting-kinds.ts';
import { type Column, isScalar, KAFKA_TS, rawCsvColumns, SILVER_OWN, silverColumns } from './columns.ts';
import { type Contract, readName } from './contract/contract.ts';
import { readDuration } from './durations.ts';
import { readGoldTables } from './gold-tables.ts';
import type { EventTime, Expectation, Pipeline, Source } from './model.ts';
import { checkCondition } from './sql/sql-check.ts';
import { parseExpression } from './sql/sql-parser.ts';
import type { Refusals, YamlMembers, YamlValue } from './yaml-source.ts';

const KEYS = [
  'contract',
  'source',
  'event_time',
  'unknown_fields',
  'expectations',
  'raw_csv',
  'gold',
] as const;

/** The members of pipeline.yml. */
export type PipelineMembers = YamlMembers<(typeof KEYS)[number]>;

const TOPIC = new RegExp(`^(?:${TOPIC_PATTERN})$`);
const TOPIC_FORM = '1 to 249 letters, digits, dots, underscores or hyphens';
/** Reasons that the job has of its own. */
const REASONS =
  /^(null_value|schema_registry_header|not_json_object|wrong_type|unknown_field|(missing|bad)_.*)$/i;

/** @throws Refusal for a key that pipeline.yml does not have */
export function pipelineMembers(document: YamlValue): PipelineMembers {
  return document.members(KEYS);
}

/** The topic and partitions; the key is known when the contract is. */
export function readTopic(
  members: PipelineMembers,
): Omit<Source, 'key'> & { readonly key: YamlValue | undefined } {
  const source = members.required('source').members(['topic', 'partitions', 'key']);
  const topic = source.required('topic');
  if (!TOPIC.test(topic.text(TOPIC_FORM))) topic.refuse(`${topic.shown} is no topic's name`, TOPIC_FORM);
  return {
    topic: topic.text(),
    partitions: source.get('partitions')?.wholeNumber(1, 1000) ?? 3,
    key: source.get('key'),
  };
}

/** What pipeline.yml says of an event that the contract describes. */
export type Processing = Pick<Pipeline, 'eventTime' | 'unknownFields' | 'expectations' | 'rawCsv' | 'gold'>;

/** Reads what is done with the events. Each part that is refused is left out, and the refusal is kept. */
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
    () => members.get('unknown_fields')?.oneOf(['ignore', 'quarantine']) ?? 'ignore',
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
  const members = value.members(['field', 'watermark']);
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

/** Silver has columns of its own, whose names no field can have. The event time's field is not in silver. */
function refuseTakenNames({ fields, namePlaces }: Contract, eventTime: EventTime, refusals: Refusals): void {
  const names = SILVER_OWN.map(({ name }) => name);
  refusals.each(fields, ({ name }) => {
    if (!names.includes(name.toLowerCase()) || name === eventTime.field) return;
    namePlaces
      .get(name)
      ?.refuse(`silver has a column ${name.toLowerCase()} of its own`, `names but ${names.join(', ')}`);
  });
}

function readExpectations(
  value: YamlValue | undefined,
  silver: readonly Column[],
  refusals: Refusals,
): Pipeline['expectations'] {
  const members = refusals.attempt(() => value?.members(['expect', 'expect_or_quarantine']));
  const names = new Set<string>();
  const read = (list: YamlValue | undefined): Expectation[] => {
    const entries = refusals.attempt(() => [
      ...(list?.entries('a mapping of names to conditions') ?? new Map()).values(),
    ]);
    return refusals.each(entries ?? [], ({ key, value: sql }: { key: YamlValue; value: YamlValue }) => {
      const name = readName(key);
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
  const columns = value?.members(['columns']).get('columns');
  if (columns === undefined) return undefined;
  const names = columns
    .list('a list of columns')
    .map((column) => column.oneOf(silver.map(({ name }) => name)));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) columns.refuse(`${twice} is there twice`, 'each column once');
  return names.length > 0 ? names : columns.refuse('there are no columns', 'one or more');
}
