import { createStack } from '../engine/create-stack.ts';
import { wipedText } from '../engine/reset.ts';
import type { Command } from './command.ts';
import { TAKE_OVER, type TakeOverOption } from './take-over.ts';
import { upJson, upText } from './up.ts';

interface ResetCommandOptions extends TakeOverOption {
  readonly 'keep-topic': boolean;
  readonly up: boolean;
}

/** `reset`: down, wipe what the stack made, up. */
export const reset: Command<ResetCommandOptions> = {
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
  async run(context, options) {
    const { wiped, up } = await createStack(context).reset({
      keepTopic: options['keep-topic'],
      onlyWipe: !options.up,
      takeOver: options['take-over'],
    });
    if (!up) return { exitCode: 0, json: { ...wiped }, text: wipedText(wiped) };
    return { exitCode: 0, json: { ...wiped, ...upJson(up) }, text: upText(up) };
  },
};
