import { withStackLock } from '../engine/stack-lock.ts';
import { planOutputsWipe } from '../outputs/wipe-outputs.ts';
import { forgetStack } from '../stack/recorded-stack.ts';
import { standingConfig } from '../stack/resolve-stack.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import type { Command, CommandContext, CommandResult } from './command.ts';
import { bringDown, stoppedText } from './down.ts';
import { TAKE_OVER, type TakeOverOption } from './take-over.ts';
import { bringUp } from './up.ts';

interface ResetOptions extends TakeOverOption {
  readonly 'keep-topic': boolean;
  readonly up: boolean;
}

/** `reset`: down, wipe what the stack made, up. */
export const reset: Command<ResetOptions> = {
  usage: 'reset',
  summary: 'Stop, wipe topic, ZooKeeper, checkpoints and outputs together, start afresh',
  examples: [
    ['npm run reset', 'start afresh'],
    ['npm run reset -- --keep-topic', 'keep the topic and process it again from its start'],
    ['npm run reset -- --no-up', 'only wipe'],
  ],
  options: (yargs) =>
    yargs
      .option('keep-topic', {
        type: 'boolean',
        default: false,
        describe: "Keep Kafka's and ZooKeeper's data",
      })
      .option('up', {
        type: 'boolean',
        default: true,
        describe: 'Start again afterwards (--no-up: only wipe)',
      })
      .option('take-over', TAKE_OVER),
  afterInterrupt: 'Everything it started was stopped; what was wiped stays wiped.',
  run: (context, options) =>
    withStackLock(context, 'reset', options['take-over'], () => startAfresh(context, options)),
};

async function startAfresh(context: CommandContext, options: ResetOptions): Promise<CommandResult> {
  const done = await stopAndWipe(context, options);
  if (!options.up) return { exitCode: 0, json: done.json, text: done.text };
  // It comes before what may fail: an `up` that fails has its error for a result.
  context.reporter.emit({ type: 'progress', event: 'wiped', data: done.json, text: done.text });
  const up = await bringUp(options['keep-topic'] ? context : withoutData(context));
  return { ...up, json: { ...done.json, ...up.json } };
}

async function stopAndWipe(context: CommandContext, options: ResetOptions) {
  const { 'keep-topic': keepTopic, 'take-over': takeOver } = options;
  // What is wiped is the stack as it was recorded; what flags ask for is the next one's.
  const config = standingConfig(context.config);
  const { runtime } = await selectRuntime(config, context.reporter);
  try {
    // Everything that could refuse refuses here, before anything is stopped or deleted.
    if (!takeOver) await runtime.assertOwn();
    const outputs = await planOutputsWipe(runtime.outputPath, config.outputDir, { keepTopic });
    const stopped = await bringDown({ ...context, config }, { takeOver });
    const wiped = [...(await runtime.wipe({ keepTopic })), ...(await outputs.wipe())];
    if (!keepTopic) forgetStack(config);
    const wipedText = wiped.length === 0 ? 'There was nothing to wipe.' : `Wiped ${wiped.join(', ')}.`;
    return {
      json: { ...stopped, wiped, keptTopic: keepTopic },
      text: `${stoppedText(stopped)}\n${wipedText}`,
    };
  } finally {
    await runtime.close();
  }
}

/** Without data any runtime will do. */
function withoutData({ config, ...context }: CommandContext): CommandContext {
  const settings = { ...config.settings, RUNTIME: config.askedRuntime };
  return { ...context, config: { ...config, settings } };
}
