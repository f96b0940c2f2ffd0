import type { ValueKind, ValueOf } from './setting-row.ts';

/**
 * How the text of a setting is read. This is the only grammar of settings. The orchestrator and the
 * producer call it, and the job interprets what `npm run generate` writes from it into
 * spark-app/medallion/settings.json. The producer's image contains this file, too.
 */

/** The result of reading a text: its value, or a description of what would have been allowed. */
export type Reading<Value> = { readonly value: Value } | { readonly allowed: string };

/** One condition on the text, and what is allowed where it does not hold. */
export interface Rule {
  readonly pattern: string;
  readonly allowed: string;
}

/** Limits that hold for all settings of a kind and that no pattern expresses. */
export const KIND_LIMITS = {
  unitsMs: { millisecond: 1, second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 },
  /** Spark counts a duration in microseconds of a long. */
  maxDays: 100_000,
  /**
   * What the supported file systems accept: macOS takes 1024 bytes for a path, all take 255 for a
   * name in it.
   */
  maxPathBytes: 1000,
  maxNameBytes: 255,
  maxPort: 65_535,
} as const;

/**
 * Patterns mean the same to JavaScript and to Python's `re`: they avoid `\d`, `\w`, `\s` and `$`,
 * whose meanings differ.
 */
const BLANKS = '[ \\t\\r\\n\\f\\v]';
/** A number with the exponent -400 would become 0. */
const NUMBER = '[0-9]+(?:\\.[0-9]+)?(?:[eE](?:\\+?[0-9]{1,3}|-[0-9]{1,2}))?';
const UNIT = Object.keys(KIND_LIMITS.unitsMs).map(inAnyCase).join('|');
const DURATION = `([0-9]{1,9})${BLANKS}*(${UNIT})[sS]?`;
/** Kafka's rule for topic names: org.apache.kafka.common.internals.Topic. */
export const TOPIC_PATTERN = '(?!\\.\\.?(?![a-zA-Z0-9._-]))[a-zA-Z0-9._-]{1,249}';
const HOST_AND_PORT = '(?:\\[[0-9a-fA-F:]+\\]|[a-zA-Z0-9._-]+):[0-9]{1,5}';
/**
 * No quotes: Compose, spark-submit and the JVM each parse them differently. Spark refuses a heap
 * size here.
 */
const JVM_OPTION = '--?(?!Xm[sx])[a-zA-Z][a-zA-Z0-9_.,:;=+/@%#~-]*';
const ANYTHING = '[^\\u0000]*';
const DURATION_EXAMPLES = 'such as "30 seconds" or "1 minute"';

/** What is allowed, as text for people, where no single rule describes it better. */
export function allowedText(takes: ValueKind): string {
  switch (takes.kind) {
    case 'integer':
      return `a whole number from ${takes.min} to ${takes.max}`;
    case 'share':
      return `a share from 0 to ${takes.max}, such as 0.05`;
    case 'flag':
      return 'true or false';
    case 'choice':
      return listed(takes.choices);
    case 'duration':
      return `a count${takes.minMs > 0 ? ' above 0' : ''} and a unit, ${DURATION_EXAMPLES}`;
    case 'topic':
      return '1 to 249 letters, digits, dots, underscores or hyphens, and not "." or ".."';
    case 'path':
      return `${takes.what} of at most ${KIND_LIMITS.maxPathBytes} bytes, with at most ${KIND_LIMITS.maxNameBytes} between slashes`;
    case 'hosts':
      return `host:port[,host:port…] with ports from 1 to ${KIND_LIMITS.maxPort}`;
    case 'jvm-options':
      return 'JVM options with blanks between them, without quotes and without -Xms or -Xmx, such as "-XX:+UseG1GC -Duser.language=en"';
    case 'offsets':
      return 'earliest, latest, or the Kafka source\'s JSON for one topic such as {"transactions":{"0":23,"1":-2}}';
    case 'number':
    case 'text':
      return takes.allowed;
  }
}

/**
 * The conditions that a text has to meet, in the order in which they are reported. `valueIn` checks
 * what remains.
 */
export function rulesOf(takes: ValueKind): readonly Rule[] {
  if (takes.kind === 'path') return pathRules(takes);
  return [{ pattern: patternOf(takes), allowed: allowedText(takes) }];
}

function patternOf(takes: Exclude<ValueKind, { readonly kind: 'path' }>): string {
  switch (takes.kind) {
    case 'integer':
      return '[0-9]{1,15}';
    case 'number':
      return NUMBER;
    case 'share':
      return '[0-9](?:\\.[0-9]{1,9})?';
    case 'flag':
      return 'true|false';
    case 'choice':
      return takes.choices.map(escaped).join('|');
    case 'duration':
      return DURATION;
    case 'topic':
      return TOPIC_PATTERN;
    case 'hosts':
      return `${HOST_AND_PORT}(?:${BLANKS}*,${BLANKS}*${HOST_AND_PORT})*`;
    case 'jvm-options':
      return `(?:${JVM_OPTION}(?:${BLANKS}+${JVM_OPTION})*)?`;
    case 'offsets':
      return ANYTHING;
    case 'text':
      return takes.pattern;
  }
}

/**
 * Refuses `~` and `$HOME`. A shell expands `~` only at the beginning of a word and `$HOME` only
 * outside of '…': unexpanded, each would name a folder.
 */
function pathRules({ what, takesUri }: Extract<ValueKind, { readonly kind: 'path' }>): readonly Rule[] {
  return [
    { pattern: '[^\\u0000]+', allowed: what },
    {
      pattern: `(?!~|\\$\\{?[A-Z_])${ANYTHING}`,
      allowed: `${what} without ~ or $HOME, which only a shell expands: write \${HOME}/… in .env, "$HOME/…" in a shell`,
    },
    {
      pattern: '[^\\u0000-\\u001f\\u007f-\\u009f]*',
      allowed: `${what} without line breaks and control characters`,
    },
    ...(takesUri
      ? []
      : [
          {
            pattern: `(?![a-zA-Z][a-zA-Z0-9+.-]*:[\\\\/])${ANYTHING}`,
            allowed: `${what} as this machine has it, and no URI`,
          },
        ]),
  ];
}

/** Reads the text of a setting. Blanks around it are ignored. */
export function readValue<Takes extends ValueKind>(takes: Takes, given: string): Reading<ValueOf<Takes>> {
  const trimmed = withoutBlanks(given);
  const broken = rulesOf(takes).find(({ pattern }) => !matches(pattern, trimmed));
  if (broken) return { allowed: broken.allowed };
  const value = valueIn(takes, trimmed);
  return value === undefined ? { allowed: allowedText(takes) } : { value: value as ValueOf<Takes> };
}

/** A text without the blanks around it. Other white space is kept. */
export function withoutBlanks(given: string): string {
  return given.replace(new RegExp(`^${BLANKS}+|${BLANKS}+$`, 'g'), '');
}

/** A value as text. Reading that text gives the same value. */
export function valueText(takes: ValueKind, value: string | number | boolean): string {
  // The grammar of a share has no exponent, so all digits stand after the point.
  return takes.kind === 'share'
    ? Number(value)
        .toFixed(9)
        .replace(/\.?0+$/, '')
    : String(value);
}

/** The milliseconds of a count and a unit, however long; undefined for any other text. */
export function durationMs(given: string): number | undefined {
  const { count, unit } = durationParts(withoutBlanks(given)) ?? {};
  return count === undefined || unit === undefined ? undefined : count * KIND_LIMITS.unitsMs[unit];
}

function durationParts(given: string) {
  const [, count, word] = new RegExp(`^(?:${DURATION})$`, 'u').exec(given) ?? [];
  if (count === undefined || word === undefined) return undefined;
  const unit = word.toLowerCase() as keyof typeof KIND_LIMITS.unitsMs;
  return { count: Number(count), unit };
}

/** The value of a text that meets all rules, or undefined where it is still not allowed. */
function valueIn(takes: ValueKind, given: string): string | number | boolean | undefined {
  switch (takes.kind) {
    case 'integer':
    case 'number':
      return Number(given) >= takes.min && Number(given) <= takes.max ? Number(given) : undefined;
    case 'share':
      return Number(given) <= takes.max ? Number(given) : undefined;
    case 'flag':
      return given === 'true';
    case 'duration':
      return normalDuration(given, takes.minMs);
    case 'path':
      return isShort(given) ? given : undefined;
    case 'hosts':
      return normalHosts(given);
    case 'offsets':
      return normalOffsets(given);
    case 'choice':
    case 'topic':
    case 'jvm-options':
    case 'text':
      return given;
  }
}

function normalDuration(given: string, minMs: number): string | undefined {
  const { count = 0, unit } = durationParts(given) ?? {};
  const isTooLong = unit === 'day' && count > KIND_LIMITS.maxDays;
  if (unit === undefined || isTooLong || count * KIND_LIMITS.unitsMs[unit] < minMs) return undefined;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function isShort(given: string): boolean {
  const bytes = (part: string) => new TextEncoder().encode(part).length;
  const { maxPathBytes, maxNameBytes } = KIND_LIMITS;
  return bytes(given) <= maxPathBytes && given.split('/').every((name) => bytes(name) <= maxNameBytes);
}

function normalHosts(given: string): string | undefined {
  const servers = given.split(',').map((server) => server.trim());
  const ports = servers.map((server) => Number(server.slice(server.lastIndexOf(':') + 1)));
  return ports.every((port) => port >= 1 && port <= KIND_LIMITS.maxPort) ? servers.join(',') : undefined;
}

/**
 * Offsets are whole numbers of at least -2: -2 means the earliest, -1 the latest. Partitions are
 * sorted.
 */
function normalOffsets(given: string): string | undefined {
  if (given === 'earliest' || given === 'latest') return given;
  const topics = entriesOf(parsedJson(given));
  const [name, ofTopic] = topics?.[0] ?? [];
  const offsetsOf = entriesOf(ofTopic);
  if (topics?.length !== 1 || !offsetsOf || offsetsOf.length === 0) return undefined;
  const isRight = offsetsOf.every(
    ([partition, offset]) =>
      /^[0-9]{1,9}$/.test(partition) && Number.isSafeInteger(offset) && Number(offset) >= -2,
  );
  if (!isRight) return undefined;
  // -0 is written as 0.
  const inOrder = offsetsOf
    .map(([partition, offset]) => [partition, Number(offset) + 0] as const)
    .sort(([one], [another]) => Number(one) - Number(another) || one.length - another.length)
    .map(([partition, offset]) => `"${partition}":${offset}`);
  return `{${JSON.stringify(name)}:{${inOrder.join(',')}}}`;
}

/** The topic of STARTING_OFFSETS that were read; undefined for a word. */
export function topicOfOffsets(value: string): string | undefined {
  return value.startsWith('{') ? Object.keys(JSON.parse(value) as object)[0] : undefined;
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value);
}

/** Undefined for invalid JSON: the caller reports what is allowed. */
function parsedJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}

function matches(pattern: string, given: string): boolean {
  return new RegExp(`^(?:${pattern})$`, 'u').test(given);
}

function listed(choices: readonly string[]): string {
  const last = choices.at(-1) ?? '';
  return choices.length < 2 ? last : `${choices.slice(0, -1).join(', ')} or ${last}`;
}

/**
 * `[sS][eE]…`: JavaScript patterns have no inline flag, and Python's flag matches more than ASCII
 * letters.
 */
function inAnyCase(word: string): string {
  return [...word].map((letter) => `[${letter}${letter.toUpperCase()}]`).join('');
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
