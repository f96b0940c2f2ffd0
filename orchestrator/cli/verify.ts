import { join, resolve } from 'node:path';
import { reportedSteps } from '../engine/engine-context.ts';
import { pipelineOf, selectRuntime, warnOfOtherOwner } from '../engine/select-runtime.ts';
import { waitForCommits } from '../engine/wait-for-commits.ts';
import { fetchTopicOffsets } from '../kafka/topic.ts';
import { ANSWER_KEY_FILE } from '../lake/sinks.ts';
import { tellDashboard } from '../services/dashboard.ts';
import { goldTriggerIntervalMs, type StackConfig, triggerIntervalMs } from '../settings/stack-config.ts';
import { stackTopic } from '../settings/stack-topic.ts';
import { ERROR_CATALOGUE } from '../util/product-error.ts';
import { pipedCommand, userCommand } from '../util/user-command.ts';
import { verifyOutcome } from '../verify/verify-outcome.ts';
import { type Command, wholeSeconds } from './command.ts';

interface VerifyCommandOptions {
  readonly deep: boolean;
  readonly wait: boolean;
  readonly timeout: number;
  readonly 'answer-key'?: string | undefined;
}

/** `verify`: compares the outputs with the topic. */
export const verify: Command<VerifyCommandOptions> = {
  usage: 'verify',
  readsOutputs: true,
  summary: 'Check that every record of the topic arrived once, and in one of silver and quarantine',
  examples: [
    [userCommand('verify'), 'counts and every difference; exit code 5 when there is one'],
    [
      userCommand('verify', '--wait --deep'),
      'when all is processed, every value against the records themselves',
    ],
    [userCommand('verify', '--answer-key'), 'and whether injected faults landed where they should'],
    [pipedCommand('verify', '--json'), 'as JSON'],
  ],
  options: (yargs) =>
    yargs
      .option('deep', {
        type: 'boolean',
        default: false,
        describe: 'Read every record of the topic and compare every value with what it should have become',
      })
      .option('wait', {
        type: 'boolean',
        default: false,
        describe: 'First wait until all that is in the topic now is processed',
      })
      .option('timeout', {
        default: 600,
        describe: 'Seconds that --wait waits at most',
        coerce: (value: unknown) => wholeSeconds('--timeout', value, 1),
      })
      .option('answer-key', {
        type: 'string',
        describe: `Check where the records of this file landed (implies --deep); OUTPUT_DIR/${ANSWER_KEY_FILE} when no file is named`,
      }),
  async run({ config, reporter, signal }, options) {
    const { runtime } = await selectRuntime(config, reporter);
    const answerKey = answerKeyFile(config, options['answer-key']);
    const deep = options.deep || answerKey !== undefined;
    const steps = reportedSteps(reporter, [
      ...(options.wait ? [{ step: 'wait', title: 'wait until all records are processed' }] : []),
      ...(deep ? [{ step: 'compare', title: 'compare every value' }] : []),
    ]);
    try {
      await warnOfOtherOwner(config, runtime, reporter);
      const kafka = runtime.addressOf('KAFKA_PORT');
      const topicName = stackTopic(config).name;
      // The offsets are asked for first so that an error ends the command early.
      const level = config.settings.KAFKA_ISOLATION_LEVEL;
      const target = await fetchTopicOffsets(kafka, topicName, level);
      const pipeline = await pipelineOf(config, runtime.outputPath);
      if (options.wait) {
        const { TRIGGER_INTERVAL, GOLD_TRIGGER_INTERVAL } = config.settings;
        const triggerMs = Math.max(
          triggerIntervalMs(TRIGGER_INTERVAL),
          goldTriggerIntervalMs(GOLD_TRIGGER_INTERVAL, TRIGGER_INTERVAL),
        );
        const tables = pipeline.gold.map(({ name }) => name);
        const timeoutMs = options.timeout * 1000;
        await steps.run('wait', (onDetail) =>
          waitForCommits({
            ...{ runtime, target, tables, timeoutMs, signal, onDetail },
            triggerIntervalMs: triggerMs,
          }),
        );
      }
      // Only the commands that read Parquet load DuckDB's native library.
      const [{ verifyTopic }, { summarise, verifyJson }] = await Promise.all([
        import('../verify/verify-topic.ts'),
        import('../verify/verify-text.ts'),
      ]);
      const compare = (onProgress?: (detail: string) => void) =>
        verifyTopic({
          ...{ broker: kafka, topic: topicName, level, outputPath: runtime.outputPath, pipeline, signal },
          deep: onProgress && { onProgress, ...(answerKey !== undefined && { answerKey }) },
        });
      const report = deep
        ? await steps.run('compare', compare, ({ deep: compared }) => `${compared?.records ?? 0} records`)
        : await compare();
      const text = summarise(report);
      const outcome = verifyOutcome(report, text);
      await tellDashboard(runtime.addressOf('DASHBOARD_PORT'), { kind: 'verify', outcome });
      return {
        exitCode: report.equal ? 0 : ERROR_CATALOGUE.VERIFY_DIFFERENCE.exitCode,
        json: verifyJson(report),
        text,
      };
    } finally {
      await runtime.close();
    }
  },
};

/** yargs gives the empty text for the option without a value. */
function answerKeyFile(config: StackConfig, option: string | undefined): string | undefined {
  if (option === undefined) return undefined;
  return option === '' ? join(config.outputDir, ANSWER_KEY_FILE) : resolve(option);
}
