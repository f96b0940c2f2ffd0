import type { ServiceName } from '../core/services.ts';
import { withStackLock } from '../engine/stack-lock.ts';
import type { RuntimeName } from '../runtime/runtime.ts';
import { recordStopped } from '../stack/recorded-stack.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import type { Command, CommandContext } from './command.ts';
import { TAKE_OVER, type TakeOverOption } from './take-over.ts';
/** `down`: stops everything of this stack and leaves data. */
export const down: Command<TakeOverOption> = {
  usage: 'down',
  summary: 'Stop everything; data, outputs and logs stay',
  examples: [['npm run down', 'stop the stack of this folder']],
  isLenient: true,
  options: (yargs) => yargs.option('take-over', TAKE_OVER),
  afterInterrupt: 'What it stopped stays stopped.',
  run: (context, { 'take-over': takeOver }) =>
    withStackLock(context, 'down', takeOver, async () => {
      const stopped = await bringDown(context, { takeOver });
      return { exitCode: 0, json: { ...stopped }, text: stoppedText(stopped) };
    }),
};

/** The services that `down` stopped. */
export interface Stopped {
  readonly runtime: RuntimeName;
  readonly stopped: readonly ServiceName[];
}

/** What was stopped, for people. */
export function stoppedText({ stopped }: Stopped): string {
  return stopped.length === 0
    ? 'Nothing was running.'
    : `Stopped ${stopped.join(', ')}. Data and outputs stay.`;
}

/** The work of `down`, for commands that hold the stack's lock already. */
export async function bringDown(
  { config, reporter }: CommandContext,
  { takeOver = false } = {},
): Promise<Stopped> {
  const { runtime } = await selectRuntime(config, reporter);
  try {
    const taken = takeOver ? await runtime.takeOver() : [];
    const stopped = [...taken, ...(await runtime.down())];
    recordStopped(config);
    return { runtime: runtime.name, stopped };
  } finally {
    await runtime.close();
  }
}
