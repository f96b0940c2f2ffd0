import yargs, { type Argv } from 'yargs';
import { flagsKeptByNpm, ownFlags } from '../../producer/command/npm-flags.ts';
import { shortened } from '../../producer/errors.ts';
import { flagOf, otherCluster } from '../settings/load-settings.ts';
import { isSettingName, SETTING_NAMES, SETTING_TABLE, type SettingName } from '../settings/setting-table.ts';
import { ProductError } from '../util/product-error.ts';
import { USER_COMMAND, userCommand } from '../util/user-command.ts';
import { chaos } from './chaos.ts';
import { type Command, type CommandContext, type CommandResult, lastOf } from './command.ts';
import { logs } from './logs.ts';
import { peek } from './peek.ts';
import { doctor, status } from './status.ts';
import { down, reset, restart, up } from './up.ts';
import { verify } from './verify.ts';

/** A parsed command line: the command to run, and the values of setting flags, still unchecked. */
export interface ParsedCommand {
  readonly name: string;
  readonly json: boolean;
  readonly flags: Partial<Record<SettingName, string>>;
  /** See `Command.isLenient`. */
  readonly isLenient: boolean;
  /** See `Command.readsOutputs`. */
  readonly readsOutputs: boolean;
  /** See `Command.startsStack`. */
  readonly startsStack: 'with-its-data' | 'afresh' | undefined;
  /** See `Command.afterInterrupt`. */
  readonly afterInterrupt: string | undefined;
  run(context: CommandContext): Promise<CommandResult>;
}

/**
 * Reads a command line.
 * @returns the command, or undefined when help or the version was shown instead
 * @throws ProductError BAD_USAGE that names what is wrong
 */
export async function parseCommandLine(
  argv: readonly string[],
  terminalColumns: number | undefined,
): Promise<ParsedCommand | undefined> {
  refuseOtherCluster(argv);
  let parsed: ParsedCommand | undefined;
  const parser = yargs(argv.map(withSettingFlag))
    .scriptName(USER_COMMAND)
    .usage('$0 <command> -- [options]')
    .parserConfiguration({ 'parse-positional-numbers': false, 'duplicate-arguments-array': false })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'Machine-readable output on standard output',
    })
    .strict()
    .demandCommand(1, `Which command? \`${userCommand('up', '--help')}\` lists them.`)
    .recommendCommands()
    .wrap(terminalColumns === undefined ? null : Math.min(terminalColumns, 120))
    .help()
    .version(false)
    .exitProcess(false)
    .fail((message, error) => {
      if (error instanceof ProductError) throw error;
      const guess = /^Did you mean (.*)\?$/.exec(message ?? '')?.[1];
      const unknown = `Unknown command ${argv[0]}: did you mean ${guess}?`;
      throw usageError(guess === undefined ? (message ?? String(error?.message ?? error)) : unknown);
    });
  /**
   * A command may use the flag of a setting for something else, as `chaos` uses `--seed`. The
   * command then has no flag for that setting.
   */
  let settings: readonly SettingName[] = [];
  const register = <Options>(command: Command<Options>) =>
    parser.command(
      command.usage,
      command.summary,
      (sub: Argv) => {
        const own = command.options(withExamples(sub, command)) as Argv;
        const taken = new Set(ownFlags(own).map(({ name }) => name));
        settings = SETTING_NAMES.filter((name) => !taken.has(flagOf(name)));
        const known = settingOptions(own, settings);
        refuseFlagsKeptByNpm(command, argv, known);
        return known;
      },
      (args) => {
        command.check?.(args as Options);
        parsed = {
          name: nameOf(command.usage),
          json: args['json'] === true,
          flags: settingFlags(args, settings),
          isLenient: command.isLenient === true,
          readsOutputs: command.readsOutputs === true,
          startsStack: command.startsStack,
          afterInterrupt: command.afterInterrupt,
          run: (context) => command.run(context, args as Options),
        };
      },
    );
  register(up);
  register(down);
  register(reset);
  register(restart);
  register(status);
  register(logs);
  register(verify);
  register(peek);
  register(chaos);
  register(doctor);
  await parser.parseAsync();
  return parsed;
}

/** Other tools have this flag. Accepting it would send half of the stack to another cluster. */
function refuseOtherCluster(argv: readonly string[]): void {
  const flag = /^--kafka[-_]bootstrap[-_]servers(=|$)/i;
  const at = argv.findIndex((word) => flag.test(word));
  const word = argv[at];
  if (word === undefined) return;
  const value = word.includes('=') ? word.slice(word.indexOf('=') + 1) : (argv[at + 1] ?? '');
  throw otherCluster(value, '--kafka-bootstrap-servers');
}

/**
 * `--KAFKA_TOPIC=orders`, the setting's own name, means the same as `--kafka-topic=orders`, and
 * `--no-producer` the same as `--producers=0`.
 */
function withSettingFlag(word: string): string {
  if (word === '--no-producer') return `--${flagOf('PRODUCERS')}=0`;
  const [, name, rest = ''] = /^--([A-Z_]+)(=.*)?$/s.exec(word) ?? [];
  return name !== undefined && isSettingName(name) ? `--${flagOf(name)}${rest}` : word;
}

/** Runs before any work: a `reset` that lost its `--keep-topic` to npm would delete the topic. */
function refuseFlagsKeptByNpm<Options>(
  { usage }: Command<Options>,
  argv: readonly string[],
  known: Argv,
): void {
  const name = nameOf(usage);
  const rest = argv.slice(argv.indexOf(name) + 1);
  const kept = flagsKeptByNpm(name, rest, ownFlags(known), process.env);
  if (!kept) return;
  throw new ProductError('BAD_USAGE', {
    message: `npm took ${kept.flags.join(' and ')} for itself, so that \`${name}\` did not see it; nothing was done.`,
    hint: `Options come after \`--\`: \`${kept.commandLine}\`.`,
  });
}

const nameOf = (usage: string) => usage.split(' ')[0] ?? usage;

function withExamples<Options>(yargsOf: Argv, command: Command<Options>): Argv {
  return yargsOf.example(command.examples.map(([line, meaning]) => [line, meaning]));
}

function settingOptions(yargsOf: Argv, names: readonly SettingName[]): Argv {
  for (const name of names) {
    const definition = SETTING_TABLE[name];
    const fallback = 'defaultText' in definition ? definition.defaultText : definition.default;
    yargsOf.option(flagOf(name), {
      type: 'string',
      requiresArg: true,
      group: 'Settings (also in the environment or .env, as the name in capitals):',
      describe: definition.meaning,
      defaultDescription: fallback,
    });
  }
  return yargsOf;
}

function settingFlags(
  args: Readonly<Record<string, unknown>>,
  names: readonly SettingName[],
): Partial<Record<SettingName, string>> {
  const flags: Partial<Record<SettingName, string>> = {};
  for (const name of names) {
    const value = lastOf(args[flagOf(name)]);
    if (value !== undefined) flags[name] = String(value);
  }
  return flags;
}

/**
 * Gives the parser's message the form of all other messages: one line with a full stop, flags with
 * their dashes, long words shortened.
 */
function sentence(message: string): string {
  return message
    .replace(/^Not enough arguments following: (.+)$/, 'The option --$1 needs a value')
    .replaceAll('\n', ' ')
    .replace(/\S{251,}/g, shortened)
    .replace(/[^.?]$/, '$&.');
}

function usageError(message: string): ProductError {
  return new ProductError('BAD_USAGE', {
    message: sentence(message),
    hint: `\`${userCommand('up', '--help')}\` shows the options of \`up\`, and so for every command.`,
  });
}
