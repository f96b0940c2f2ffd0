import { createStack } from '../engine/create-stack.ts';
import { stoppedText } from '../engine/down.ts';
import type { Command } from './command.ts';
import { TAKE_OVER, type TakeOverOption } from './take-over.ts';

/** `down`: stops everything of this stack and leaves data. */
export const down: Command<TakeOverOption> = {
  usage: 'down',
  summary: 'Stop everything; data, outputs and logs stay',
  examples: [['npm run down', 'stop the stack of this folder']],
  isLenient: true,
  options: (yargs) => yargs.option('take-over', TAKE_OVER),
  afterInterrupt: 'What it stopped stays stopped.',
  async run(context, { 'take-over': takeOver }) {
    const stopped = await createStack(context).down({ takeOver });
    return { exitCode: 0, json: { ...stopped }, text: stoppedText(stopped) };
  },
};
