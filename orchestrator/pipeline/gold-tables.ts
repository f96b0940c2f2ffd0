import { type Column, isScalar } from './columns.ts';
import { readName } from './contract/contract.ts';
import { durationText, readDuration } from './durations.ts';
import type { GoldTable, Measure } from './model.ts';
import { checkMeasure } from './sql/sql-check.ts';
import { parseMeasure } from './sql/sql-parser.ts';
import type { Refusals, YamlValue } from './yaml-source.ts';

/** Names of folders, files and queries that are there already. */
const TAKEN = ['bronze', 'silver', 'quarantine', 'raw_csv', 'raw', 'ingest'];
const TABLE_NAME = /^[a-z][a-z0-9_]{0,62}$/;
const TABLE_FORM = `lower-case letters, digits and _, but not ${TAKEN.join(', ')}`;
/** A row is in so many windows at once, and each is a row of state. */
const MAX_WINDOWS = 100;

/** Reads the gold tables of pipeline.yml: windows over silver's columns. */
export function readGoldTables(
  value: YamlValue | undefined,
  silver: readonly Column[],
  refusals: Refusals,
): GoldTable[] {
  const names = new Set<string>();
  return refusals.each(value?.list('a list of tables') ?? [], (table) => {
    const members = table.members(['name', 'group_by', 'window', 'slide', 'measures']);
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
  const taken = new Set([...groupBy, 'window_start', 'window_end'].map((name) => name.toLowerCase()));
  return refusals.each(entries, (entry) => {
    const name = readName(entry.key);
    if (taken.has(name.toLowerCase()))
      entry.key.refuse(`the table has a column ${name} already`, 'another name');
    taken.add(name.toLowerCase());
    return { name, ...entry.value.parse((sql) => checkMeasure(parseMeasure(sql), silver), 'an aggregate') };
  });
}
