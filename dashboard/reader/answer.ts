import type { GoldOverview } from '../../orchestrator/peek/gold-overview.ts';
import { peekGold, peekRejected } from '../../orchestrator/peek/peek-newest.ts';
import { peekOutputs } from '../../orchestrator/peek/peek-outputs.ts';
import { plainText, queryOutputs } from '../../orchestrator/peek/sql/query-outputs.ts';
import { type VerifyOutcome, verifyOutcome } from '../../orchestrator/verify/verify-outcome.ts';
import { summarise } from '../../orchestrator/verify/verify-text.ts';
import { verifyTopic } from '../../orchestrator/verify/verify-topic.ts';
import type { DashboardConfig } from '../config.ts';
import type { Questions, SentQuestion, ShownGroups, ShownTable } from './questions.ts';

/** Rows of an output, and of a query. */
const NEWEST_ROWS = 20;
const QUERY_ROWS = 200;

/** A longer value is cut. */
const MOST_CELL_CHARACTERS = 400;

/** Characters of all cells. A value may be a megabyte, and a table may have a thousand columns. */
const MOST_CHARACTERS = 500_000;

type Answer = Questions[keyof Questions]['answer'];

/**
 * Answers one question.
 * @throws ProductError, as `peek` and `verify` throw it
 */
export function answer(
  config: DashboardConfig,
  question: SentQuestion,
  onProgress: (progress: string) => void,
): Promise<Answer> {
  switch (question.name) {
    case 'rows':
      return newestRows(config, question.output);
    case 'sql':
      return query(config, question.sql);
    case 'gold':
      return groups(config, question.table);
    case 'rejected':
      return rejected(config);
    case 'verify':
      return verify(config, question.deep, onProgress);
  }
}

async function newestRows({ outputPath, pipeline }: DashboardConfig, sink: string): Promise<ShownTable> {
  const { columns, rows } = await peekOutputs({ outputPath, pipeline, sink, limit: NEWEST_ROWS });
  return {
    columns: namesOf(columns),
    rows: rows.map((row) => row.map(cut)),
    hasMore: false,
  };
}

function query({ outputPath, pipeline }: DashboardConfig, sql: string): Promise<ShownTable> {
  return queryOutputs({ outputPath, pipeline, sql }, async (result) => {
    const shown: (readonly (string | null)[])[] = [];
    let characters = 0;
    for await (const row of result.rows()) {
      if (shown.length === QUERY_ROWS || characters > MOST_CHARACTERS) {
        return { columns: namesOf(result.columns), rows: shown, hasMore: true };
      }
      const cells = row.map((cell) => (cell === null ? null : cut(plainText(cell))));
      characters += cells.reduce((sum, cell) => sum + (cell?.length ?? 0), 0);
      shown.push(cells);
    }
    return { columns: namesOf(result.columns), rows: shown, hasMore: false };
  });
}

const namesOf = (columns: readonly { readonly name: string; readonly instant: boolean }[]) =>
  columns.map(({ name, instant }) => (instant ? `${name} (UTC)` : name));

const cut = (text: string | null): string | null =>
  text !== null && text.length > MOST_CELL_CHARACTERS ? `${text.slice(0, MOST_CELL_CHARACTERS)}…` : text;

async function groups({ outputPath, pipeline }: DashboardConfig, name: string): Promise<ShownGroups> {
  const table = pipeline.gold.find((each) => each.name === name);
  if (!table) throw new Error(`the pipeline has no gold table ${name}`);
  return shownGroups(await peekGold({ outputPath, pipeline }, table));
}

/** The page's form of an overview. */
function shownGroups({ table, newest }: GoldOverview): ShownGroups {
  if (newest === null) return { table: table.name, windows: [], measure: '', groupCount: 0, groups: [] };
  const first = Date.parse(newest.from);
  return {
    table: table.name,
    windows: Array.from({ length: newest.windows }, (_, at) =>
      new Date(first + at * table.slideMs).toISOString(),
    ),
    measure: newest.counted,
    groupCount: newest.groupCount,
    groups: newest.groups.map(({ keys, counts }) => ({
      name: cut(keys.map((key) => key ?? 'null').join(', ') || 'all events') ?? '',
      values: counts,
    })),
  };
}

async function rejected({ outputPath, pipeline }: DashboardConfig): Promise<Answer> {
  const found = await peekRejected({ outputPath, pipeline });
  return found.map(({ reason, example, value, partition, offset }) => ({
    reason,
    detail: cut(example),
    value: cut(value),
    partition,
    offset,
  }));
}

/** The same comparison as `npm run verify`, and with `deep` as `npm run verify -- --deep`. */
async function verify(
  { broker, topic, isolationLevel, outputPath, pipeline }: DashboardConfig,
  deep: boolean,
  onProgress: (progress: string) => void,
): Promise<VerifyOutcome> {
  const report = await verifyTopic({
    ...{ broker, topic, level: isolationLevel, outputPath, pipeline },
    deep: deep ? { onProgress } : undefined,
  });
  return verifyOutcome(report, summarise(report));
}
