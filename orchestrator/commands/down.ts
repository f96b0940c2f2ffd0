import { recordStopped } from '../stack/recorded-stack.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import type { Command, CommandContext } from './command.ts';
import { withStackLock } from './stack-lock.ts';

/** `down`: stops everything of this stack and leaves data. */
export const down: Command<unknown> = {
  usage: 'down',
  summary: 'Stop everything; data, outputs and logs stay',
  examples: [['npm run down', 'stop the stack of this folder']],
  options: (yargs) => yargs,
  run: (context) => withStackLock(context, 'down', () => bringDown(context)),
};

/** The work of `down`, for commands that hold the stack's lock already. */
export async function bringDown({ config, reporter }: CommandContext): Promise<number> {
  const { runtime } = await selectRuntime(config);
  try {
    const stopped = await runtime.down();
    recordStopped(config);
    reporter.emit({
      type: 'result',
      result: { runtime: runtime.name, stopped },
      text:
        stopped.length === 0
          ? 'Nothing was running.'
          : `Stopped ${stopped.join(', ')}. Data and outputs stay.`,
    });
    return 0;
  } finally {
    await runtime.close();
  }
}
