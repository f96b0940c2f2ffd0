import { ERROR_CATALOGUE } from '../core/error-catalogue.ts';
import { fetchTopicOffsets } from '../probes/topic-offsets.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import type { Command } from './command.ts';

/** `verify`: outputs against the topic. */
export const verify: Command<unknown> = {
  usage: 'verify',
  summary: 'Check that every record of the topic arrived once, and in one of silver and quarantine',
  examples: [
    ['npm run verify', 'counts and every difference; exit code 5 when there is one'],
    ['npm run --silent verify -- --json', 'the same as JSON'],
  ],
  options: (yargs) => yargs,
  async run({ config, reporter, signal }) {
    const { runtime } = await selectRuntime(config);
    try {
      // Asked first for its error, and again once the committed batches are known: a running job goes on meanwhile.
      const topic = () => fetchTopicOffsets(runtime.endpoints.kafka, config.settings.KAFKA_TOPIC);
      await topic();
      // DuckDB's native library is loaded only by the commands that read Parquet.
      const [{ verifyOutputs }, { summarise, verifyJson }] = await Promise.all([
        import('../outputs/verify-outputs.ts'),
        import('../outputs/verify-summary.ts'),
      ]);
      const report = await verifyOutputs({ outputPath: runtime.outputPath, topic, signal });
      reporter.emit({ type: 'result', result: verifyJson(report), text: summarise(report) });
      return report.equal ? 0 : ERROR_CATALOGUE.VERIFY_DIFFERENCE.exitCode;
    } finally {
      await runtime.close();
    }
  },
};
