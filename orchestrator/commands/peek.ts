import { SINK_NAMES, type SinkName } from '../outputs/sinks.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import type { Command } from './command.ts';

interface PeekOptions {
  readonly sink: SinkName;
  readonly limit: number;
}

/** Width of a table where there is no terminal to ask. */
const DEFAULT_COLUMNS = 160;

/** `peek`: rows per sink, and the newest rows of one. */
export const peek: Command<PeekOptions> = {
  usage: 'peek [sink]',
  summary: 'Show rows per sink and the newest rows of one',
  examples: [
    ['npm run peek', 'the newest rows of silver'],
    ['npm run peek -- gold --limit 20', 'of another sink'],
  ],
  options: (yargs) =>
    yargs
      .positional('sink', {
        choices: SINK_NAMES,
        default: 'silver' as SinkName,
        describe: 'Whose rows to show',
      })
      .option('limit', {
        alias: 'n',
        default: 10,
        describe: 'Rows to show',
        coerce: (value: unknown) => {
          if (/^\d{1,4}$/.test(String(value))) return Number(value);
          throw new Error(
            `--limit ${JSON.stringify(value)} is not allowed: it must be a whole number from 0 to 9999`,
          );
        },
      }),
  async run({ config, reporter, signal }, { sink, limit }) {
    const { runtime } = await selectRuntime(config);
    try {
      // DuckDB's native library is loaded only by the commands that read Parquet.
      const [{ peekOutputs }, { peekJson, peekText }] = await Promise.all([
        import('../outputs/peek-outputs.ts'),
        import('../outputs/peek-summary.ts'),
      ]);
      const found = await peekOutputs({ outputPath: runtime.outputPath, sink, limit, signal });
      const text = peekText(found, process.stdout.columns ?? DEFAULT_COLUMNS);
      reporter.emit({ type: 'result', result: peekJson(found), text });
      return 0;
    } finally {
      await runtime.close();
    }
  },
};
