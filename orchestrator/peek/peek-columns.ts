import { quoted } from '../lake/pipeline-sql.ts';
import type { OutputName } from '../lake/sinks.ts';
import { pathNames } from '../pipeline/column-name.ts';
import {
  type Column,
  columnsIn,
  goldColumns,
  isScalar,
  type Pipeline,
  silverColumns,
  WINDOW,
} from '../pipeline/model.ts';

/** A column that `peek` shows. */
export interface PeekColumn {
  readonly name: string;
  /** Its text, as SQL. */
  readonly sql: string;
  readonly numeric: boolean;
  /** An instant, shown in UTC. */
  readonly instant: boolean;
  /** Bytes of a record as received, which may not be UTF-8. */
  readonly asItCame: boolean;
}

type Trait = 'numeric' | 'instant' | 'asItCame';

const BRONZE: readonly PeekColumn[] = [
  column('kafka_ts', 'instant'),
  column('partition', 'numeric'),
  column('offset', 'numeric'),
  column('key', 'asItCame'),
  column('value', 'asItCame'),
];
const QUARANTINE: readonly PeekColumn[] = [
  column('bad_ingest_ts', 'instant'),
  column('partition', 'numeric'),
  column('offset', 'numeric'),
  column('reason'),
  column('detail', 'asItCame'),
  column('bad_json', 'asItCame'),
];
/** Columns of an event that are shown in addition to its time. */
const MOST_COLUMNS = 7;

/** The columns that are shown for a sink or gold table, the most informative ones first. */
export function peekColumns(pipeline: Pipeline, output: OutputName): readonly PeekColumn[] {
  switch (output) {
    case 'bronze':
      return BRONZE;
    case 'quarantine':
      return QUARANTINE;
    case 'silver':
      return eventColumns(pipeline, () => true).map(typedColumn);
    case 'raw_csv': {
      const { columns } = pipeline.rawCsv;
      const shown = eventColumns(pipeline, ({ name }) => columns.includes(name));
      // An instant is already text in this relation.
      return shown.map((each) => (isNumber(each.type) ? column(each.name, 'numeric') : column(each.name)));
    }
    default:
      return goldTableColumns(pipeline, output).map(typedColumn);
  }
}

/**
 * The event time, then the columns that gold uses, its keys first, then the other fields, with
 * objects and arrays last.
 */
function eventColumns(
  { fields, eventTime, gold, source }: Pipeline,
  isThere: (column: Column) => boolean,
): readonly Column[] {
  const silver = silverColumns(fields, eventTime);
  const [first] = gold;
  const names = [
    ...(first?.groupBy ?? []),
    ...(source.key === null ? [] : [source.key]),
    ...(first?.measures ?? [])
      .flatMap(({ argument }) => columnsIn(argument))
      .map((path) => pathNames(path)[0] ?? ''),
  ];
  const own = silver.slice(
    0,
    silver.findIndex(({ name }) => name === 'event_time'),
  );
  const all = [
    ...names.flatMap((name) => own.filter((each) => each.name === name)),
    ...own.filter(({ type }) => isScalar(type)),
    ...own,
  ];
  const shown = [...new Set(all)].filter(isThere).slice(0, MOST_COLUMNS);
  return [...silver.filter(({ name }) => name === 'event_time').filter(isThere), ...shown];
}

/** The window, the keys and the measures. */
function goldTableColumns(pipeline: Pipeline, name: string): readonly Column[] {
  const table = pipeline.gold.find((each) => each.name === name);
  if (!table) return WINDOW;
  const { keys, measures } = goldColumns(pipeline, table);
  return [...WINDOW, ...keys, ...measures];
}

const isNumber = ({ kind }: Column['type']): boolean => ['integer', 'double', 'decimal'].includes(kind);

function typedColumn({ name, type }: Column): PeekColumn {
  if (type.kind === 'timestamp') return column(name, 'instant');
  if (isNumber(type)) return column(name, 'numeric');
  if (isScalar(type)) return column(name);
  return { ...column(name), sql: `to_json(${quoted(name)})::VARCHAR` };
}

function column(name: string, ...traits: readonly Trait[]): PeekColumn {
  const instant = traits.includes('instant');
  return {
    name,
    sql: instant ? `strftime(${quoted(name)}::TIMESTAMP, '%Y-%m-%d %H:%M:%S')` : `${quoted(name)}::VARCHAR`,
    numeric: traits.includes('numeric'),
    instant,
    asItCame: traits.includes('asItCame'),
  };
}
