import { planOutputsWipe } from '../outputs/wipe-outputs.ts';
import { forgetStack } from '../stack/recorded-stack.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import type { Command, CommandContext } from './command.ts';
import { bringDown } from './down.ts';
import { withStackLock } from './stack-lock.ts';
import { bringUp } from './up.ts';

interface ResetOptions {
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
      }),
  run: (context, options) => withStackLock(context, 'reset', () => startAfresh(context, options)),
};

async function startAfresh(context: CommandContext, options: ResetOptions): Promise<number> {
  const keepTopic = options['keep-topic'];
  const { runtime } = await selectRuntime(context.config);
  try {
    // Everything that could refuse refuses here, before anything is stopped or deleted.
    const outputs = await planOutputsWipe(runtime.outputPath, context.config.outputDir, { keepTopic });
    await bringDown(context);
    const wiped = [...(await runtime.wipe({ keepTopic })), ...(await outputs.wipe())];
    if (!keepTopic) forgetStack(context.config);
    context.reporter.emit({
      type: 'result',
      result: { wiped, keptTopic: keepTopic },
      text: wiped.length === 0 ? 'There was nothing to wipe.' : `Wiped ${wiped.join(', ')}.`,
    });
  } finally {
    await runtime.close();
  }
  return options.up ? bringUp(context) : 0;
}
