import { shownValue } from '../../producer/errors.ts';
import { pipelineOf, selectRuntime, warnOfOtherOwner } from '../engine/select-runtime.ts';
import { outputNames } from '../lake/sinks.ts';
import { ProductError } from '../util/product-error.ts';
import { pipedCommand, userCommand } from '../util/user-command.ts';
import type { Command, CommandContext, CommandResult } from './command.ts';

interface PeekOptions {
  readonly sink: string | undefined;
  readonly limit: number | undefined;
  readonly sql: string | undefined;
  readonly csv: boolean;
  readonly bom: boolean;
}

/** Width of a table when the output is no terminal. */
const DEFAULT_COLUMNS = 160;
const DEFAULT_ROWS = 10;
/** Rows that a table of `--sql` shows. */
const DEFAULT_SQL_ROWS = 40;

/**
 * `peek`: shows rows per sink, gold and rejected records, the newest rows of a sink, or the result
 * of any query.
 */
export const peek: Command<PeekOptions> = {
  usage: 'peek [sink]',
  readsOutputs: true,
  summary: 'Show what the sinks hold, or query them with SQL',
  examples: [
    [userCommand('peek'), 'rows per sink, gold, rejected records, the newest rows of silver'],
    [userCommand('peek', 'gold --limit 20'), 'the newest rows of one sink'],
    [
      userCommand('peek', '--sql "SELECT status, count(*), sum(amount) FROM silver GROUP BY 1"'),
      'any read-only query, with the sinks as tables',
    ],
    [pipedCommand('peek', '--csv --sql "FROM gold" > gold.csv'), 'its whole result as CSV (or --json)'],
  ],
  options: (yargs) =>
    yargs
      .positional('sink', {
        type: 'string',
        describe: 'Show only its newest rows: bronze, silver, quarantine, raw_csv, or a gold table',
      })
      .option('limit', {
        alias: 'n',
        describe: 'Rows to show',
        defaultDescription: `${DEFAULT_ROWS}; ${DEFAULT_SQL_ROWS} in a table of --sql, all in CSV and JSON`,
        coerce: (value: unknown) => {
          if (value === undefined) return undefined;
          if (/^\d{1,4}$/.test(String(value))) return Number(value);
          throw new Error(
            `--limit ${shownValue(String(value))} is not allowed: it must be a whole number from 0 to 9999`,
          );
        },
      })
      .option('sql', {
        type: 'string',
        requiresArg: true,
        describe: "A query over the sinks and gold tables (DuckDB's SQL; it can only read)",
      })
      .option('csv', { type: 'boolean', default: false, describe: 'The result of --sql as CSV' })
      .option('bom', {
        type: 'boolean',
        default: false,
        describe: 'Begin the CSV with a byte order mark, by which Excel knows that it is UTF-8',
      }),
  async run(context, options) {
    refuseMixed(context, options);
    const { runtime } = await selectRuntime(context.config, context.reporter);
    try {
      await warnOfOtherOwner(context.config, runtime, context.reporter);
      return await (options.sql === undefined
        ? look(context, options, runtime.outputPath)
        : query(context, { ...options, sql: options.sql }, runtime.outputPath));
    } finally {
      await runtime.close();
    }
  },
};

async function look(
  { config, signal }: CommandContext,
  { sink, limit = DEFAULT_ROWS }: PeekOptions,
  outputPath: string,
): Promise<CommandResult> {
  const pipeline = await pipelineOf(config, outputPath);
  refuseUnknown(sink, outputNames(pipeline));
  // Only the commands that read Parquet load DuckDB's native library.
  const [{ peekOutputs }, { peekJson, peekText }] = await Promise.all([
    import('../peek/peek-outputs.ts'),
    import('../peek/peek-text.ts'),
  ]);
  const found = await peekOutputs({ outputPath, pipeline, sink, limit, signal });
  const text = peekText(found, process.stdout.columns ?? DEFAULT_COLUMNS);
  return { exitCode: 0, json: peekJson(found), text };
}

async function query(
  { config, output, signal, json }: CommandContext,
  { sql, csv, bom, limit }: PeekOptions & { readonly sql: string },
  outputPath: string,
): Promise<CommandResult> {
  const [{ queryOutputs }, text] = await Promise.all([
    import('../peek/sql/query-outputs.ts'),
    import('../peek/sql/query-outputs.ts'),
  ]);
  const pipeline = await pipelineOf(config, outputPath);
  await queryOutputs({ outputPath, pipeline, sql, signal }, async (result) => {
    if (json || csv) {
      const wanted = limit === undefined ? result : text.limited(result, limit);
      return output.outAll(csv ? text.queryCsv(wanted, { bom }) : text.queryJson(wanted));
    }
    const width = process.stdout.columns ?? DEFAULT_COLUMNS;
    output.out(
      (await text.queryPlan(result)) ?? (await text.queryTable(result, limit ?? DEFAULT_SQL_ROWS, width)),
    );
  });
  return { exitCode: 0 };
}

/** @throws ProductError BAD_USAGE for a name that is neither a sink nor a gold table */
function refuseUnknown(sink: string | undefined, outputs: readonly string[]): void {
  if (sink === undefined || outputs.includes(sink)) return;
  throw new ProductError('BAD_USAGE', {
    message: `${shownValue(sink)} is neither a sink nor a gold table.`,
    hint: `Name one of ${outputs.join(', ')}.`,
  });
}

/** @throws ProductError BAD_USAGE for options that exclude each other */
function refuseMixed({ json }: CommandContext, { sink, sql, csv, bom }: PeekOptions): void {
  const mixed =
    (bom && !csv && '--bom needs --csv') ||
    (csv && sql === undefined && '--csv needs --sql') ||
    (csv && json && '--csv and --json exclude each other') ||
    (sink !== undefined &&
      sql !== undefined &&
      `--sql names its tables itself, so that ${sink} has no meaning`);
  if (!mixed) return;
  throw new ProductError('BAD_USAGE', {
    message: `${mixed}.`,
    hint: `\`${userCommand('peek', '--help')}\` shows the options and examples.`,
  });
}
