import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { userCommand } from '../../orchestrator/util/user-command.ts';

/** Values by name, as in `process.env`. */
type Environment = Readonly<Record<string, string | undefined>>;

/** An option of a command that npm may consume. */
export interface OwnFlag {
  /** Without its dashes: `keep-topic`. */
  readonly name: string;
  readonly isSwitch: boolean;
  /** One-letter names. */
  readonly short: readonly string[];
}

/** Flags that npm took for its own options. */
export interface KeptFlags {
  /** The flags as they were probably typed: `--keep-topic`. */
  readonly flags: readonly string[];
  /** The command line that passes them on: `npm run reset -- --keep-topic`. */
  readonly commandLine: string;
}

/** The values of some names in npm's configuration files, as text; empty for false. */
type AskNpm = (names: readonly string[], environment: Environment) => ReadonlyMap<string, string>;

/**
 * npm completes `--up` to its own `--update-notifier`, reads `-f` as `--force`, and takes `--sql`
 * for `-s -q -l`, the last of them `--long`.
 */
const NPM_READS_AS: Readonly<Record<string, string>> = { up: 'update_notifier', f: 'force', sql: 'long' };

/** What npm reads `-n` as: `--no-yes`. */
const NUMBERED = 'yes';

/**
 * Finds flags that stood before `--`. npm keeps those and only sets `npm_config_<name>`, so a
 * command would run without what the user asked for. A value that npm's configuration files also
 * contain is not from this command line.
 *
 * Some flags leave no trace: `--csv` makes npm print its version (`-c -s -v`), `--only` is an
 * option of npm with other values, and a switch of npm that is set to its default, such as
 * `--no-json`, is passed on to no one.
 *
 * @param command the name of the npm script
 * @param argv what npm passed on
 */
export function flagsKeptByNpm(
  command: string,
  argv: readonly string[],
  own: readonly OwnFlag[],
  environment: Environment,
  askNpm: AskNpm = npmConfiguration,
): KeptFlags | undefined {
  if (environment['npm_lifecycle_event'] !== command || !isNpm(environment)) return undefined;
  const suspects = own
    .filter(({ name }) => !isGiven(name, argv))
    .flatMap((flag) => keptAs(flag, argv, environment));
  if (suspects.length === 0) return undefined;
  const configured = askNpm(
    suspects.map(({ variable }) => variable),
    environment,
  );
  const certain = suspects.filter(({ variable, value }) => configured.get(variable) !== value);
  const others = certain.filter(({ variable }) => variable !== NUMBERED);
  // A number may belong to another flag: `--kafka-port 9095`.
  const kept = others.length > 0 ? others : certain;
  if (kept.length === 0) return undefined;
  return {
    flags: kept.map(({ flag, value }) => spelling(flag, value)),
    commandLine: corrected(command, argv, kept),
  };
}

interface Kept {
  readonly flag: OwnFlag;
  /** The name in npm's configuration, in the form of the variable: `keep_topic`. */
  readonly variable: string;
  readonly value: string;
}

/** Other package managers pass all flags on. */
function isNpm({ npm_execpath }: Environment): boolean {
  return npm_execpath !== undefined && basename(npm_execpath) === 'npm-cli.js';
}

function isGiven(name: string, argv: readonly string[]): boolean {
  const words = new Set(argv.map((word) => word.split('=')[0]?.toLowerCase().replaceAll('_', '-')));
  return words.has(`--${name}`) || words.has(`--no-${name}`);
}

function keptAs(flag: OwnFlag, argv: readonly string[], environment: Environment): readonly Kept[] {
  const names = [flag.name, flag.name.replaceAll('-', ''), ...flag.short].map((name) =>
    name.replaceAll('-', '_'),
  );
  const variables = names.flatMap((name) => [name, NPM_READS_AS[name] ?? name]);
  for (const variable of new Set(variables)) {
    const value = environment[`npm_config_${variable}`];
    if (value !== undefined) return [{ flag, variable, value }];
  }
  for (const letter of flag.short) {
    // `-n5` becomes an option of that name.
    const pattern = new RegExp(`^npm_config_(${letter}(\\d+))$`);
    for (const name of Object.keys(environment)) {
      const [, variable, value] = pattern.exec(name) ?? [];
      if (variable !== undefined && value !== undefined) return [{ flag, variable, value }];
    }
  }
  // npm's files may contain the same value. With a number, which no command accepts as a name, it
  // was one of ours.
  const isNumbered =
    flag.short.includes('n') && environment[`npm_config_${NUMBERED}`] === '' && numberIn(argv) !== undefined;
  return isNumbered ? [{ flag, variable: NUMBERED, value: 'true' }] : [];
}

/** The only number among some words. */
function numberIn(words: readonly string[]): string | undefined {
  const numbers = words.filter((word) => /^\d+$/.test(word));
  return numbers.length === 1 ? numbers[0] : undefined;
}

function spelling({ name, isSwitch }: OwnFlag, value: string): string {
  if (isSwitch) return value === '' || value === 'false' ? `--no-${name}` : `--${name}`;
  return value === 'true' ? `--${name}` : `--${name}=${quoted(value)}`;
}

function corrected(command: string, argv: readonly string[], kept: readonly Kept[]): string {
  // For `--max-records 3` npm keeps "true" and passes "3" on. With the flag last in the line, its
  // value follows it again. Names, as in `logs producer --tail 5`, come after it.
  const isTorn = ({ flag, value }: Kept) => !flag.isSwitch && value === 'true';
  const torn = kept.filter(isTorn);
  const whole = kept
    .filter((one) => !isTorn(one))
    .map(({ flag, value }) => spelling(flag, value || (flag.isSwitch ? '' : 'VALUE')));
  const number = numberIn(argv);
  const rest = number === undefined ? argv : [number, ...argv.filter((word) => word !== number)];
  const tail =
    torn.length > 1
      ? torn.map(({ flag }) => `--${flag.name}=VALUE`)
      : [...torn.map(({ flag }) => `--${flag.name}`), ...rest.map(quoted)];
  const options = [...whole, ...tail].join(' ');
  return command === 'test' ? `npm test -- ${options}` : userCommand(command, options);
}

/** A word as a user types it in a shell. */
export function quoted(word: string): string {
  if (/^[\w./:=,@%+-]+$/.test(word)) return word;
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}

/**
 * Asks npm itself, without the variables in question. This takes about 0.2 s and is needed only
 * when one is set.
 */
function npmConfiguration(names: readonly string[], environment: Environment): ReadonlyMap<string, string> {
  const { npm_execpath, npm_config_local_prefix, ...rest } = environment;
  const own = Object.fromEntries(
    Object.entries(rest).filter(
      ([name]) => !names.some((asked) => name.toLowerCase() === `npm_config_${asked}`),
    ),
  );
  let text: string;
  try {
    // For several names it writes `name=value` lines, for one name the value alone.
    const asked = [...names.map((name) => name.replaceAll('_', '-')), 'registry'];
    text = execFileSync(process.execPath, [String(npm_execpath), 'config', 'get', ...asked], {
      cwd: npm_config_local_prefix ?? process.cwd(),
      env: own,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    // When npm cannot say where a value comes from, the command line is the more likely source.
    return new Map();
  }
  const lines = text.split('\n').map((line) => /^([^=]+)=(.*)$/.exec(line) ?? []);
  return new Map(
    lines.map(([, name = '', value = '']) => [name.replaceAll('-', '_'), value === 'false' ? '' : value]),
  );
}

/** What yargs knows about its options. Its types lack `getOptions`. */
interface KnownOptions {
  readonly key: Readonly<Record<string, unknown>>;
  readonly boolean: readonly string[];
  readonly alias: Readonly<Record<string, readonly string[]>>;
}

/** The options that a parser of yargs was given. */
export function ownFlags(parser: object): readonly OwnFlag[] {
  const { key, boolean, alias } = (parser as { getOptions(): KnownOptions }).getOptions();
  const isShort = (name: string) => name.length === 1;
  return Object.keys(key)
    .filter((name) => !isShort(name) && name !== 'help' && name !== 'version')
    .map((name) => ({ name, isSwitch: boolean.includes(name), short: (alias[name] ?? []).filter(isShort) }));
}
