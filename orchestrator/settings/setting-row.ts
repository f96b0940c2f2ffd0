/**
 * What a row of the table of settings consists of. This file imports nothing because the producer's
 * image contains it, too.
 */

/** The closed set of kinds. A pattern has to match a whole value, without the blanks around it. */
export type ValueKind =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  /** Numbers such as 0.5 and 2e4. */
  | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly allowed: string }
  /** A share of all records, from 0 to `max`. */
  | { readonly kind: 'share'; readonly max: number }
  | { readonly kind: 'flag' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** A count and a unit, as Spark writes it: "5 seconds" for "5Seconds". */
  | { readonly kind: 'duration'; readonly minMs: number }
  | { readonly kind: 'topic' }
  /** A path, or with `takesUri` also a URI of Hadoop. */
  | { readonly kind: 'path'; readonly what: string; readonly takesUri: boolean }
  /** Brokers, as Kafka's `bootstrap.servers` has them. */
  | { readonly kind: 'hosts' }
  | { readonly kind: 'jvm-options' }
  /** `earliest`, `latest`, or the Kafka source's JSON for one topic. */
  | { readonly kind: 'offsets' }
  | { readonly kind: 'text'; readonly pattern: string; readonly allowed: string };

/**
 * The value of a setting. Durations, hosts and offsets are texts in one normal form, which every
 * program reads alike.
 */
export type ValueOf<Takes extends ValueKind> = Takes extends { readonly kind: 'integer' | 'number' | 'share' }
  ? number
  : Takes extends { readonly kind: 'flag' }
    ? boolean
    : Takes extends { readonly kind: 'choice'; readonly choices: readonly (infer Choice)[] }
      ? Choice
      : string;

// The kinds as rows name them.
export const integer = (min: number, max: number) => ({ kind: 'integer', min, max }) as const;
export const number = (min: number, max: number, allowed: string) =>
  ({ kind: 'number', min, max, allowed }) as const;
export const share = (max: number) => ({ kind: 'share', max }) as const;
export const flag = { kind: 'flag' } as const;
export const choice = <const Choices extends readonly string[]>(...choices: Choices) =>
  ({ kind: 'choice', choices }) as const;
export const duration = (minMs = 0) => ({ kind: 'duration', minMs }) as const;
export const topic = { kind: 'topic' } as const;
export const path = (what: string) => ({ kind: 'path', what, takesUri: true }) as const;
/** A URI, or a path of Windows, would become a folder named `hdfs:` or `C:`. */
export const folder = { kind: 'path', what: "a folder's path", takesUri: false } as const;
export const hosts = { kind: 'hosts' } as const;
export const jvmOptions = { kind: 'jvm-options' } as const;
export const offsets = { kind: 'offsets' } as const;
export const text = (pattern: string, allowed: string) => ({ kind: 'text', pattern, allowed }) as const;

/**
 * The program that uses a setting. `job`, `producer`, `dashboard` and `spark-worker` read it from their
 * environment. `spark-submit` and `kafka-init` get it as an argument. `runtimes` choose ports,
 * folders and images by it.
 */
export type SettingUser =
  | 'orchestrator'
  | 'runtimes'
  | 'kafka-init'
  | 'spark-worker'
  | 'spark-submit'
  | 'job'
  | 'producer'
  | 'dashboard'
  | 'verify';

/** One setting. */
export interface SettingRow {
  readonly takes: ValueKind;
  /**
   * The default as a user would write it in `.env`. Undefined where the runtime chooses or nothing
   * is set.
   */
  readonly default?: string;
  /**
   * Other defaults: that of docker-compose.yml for containers, and the job's own. The job has the
   * default of containers unless it has its own; null means that the job computes it.
   */
  readonly defaultFor?: { readonly containers?: string; readonly job?: null };
  /** What documents show as the default when it is not fixed. */
  readonly defaultText?: string;
  /**
   * The program that starts a service provides it. It is no flag of `up` and appears in no
   * document.
   */
  readonly isGivenByRuntime?: true;
  readonly usedBy: readonly SettingUser[];
  /** The meaning in one line, for `--help`, `.env.example` and the settings table. */
  readonly meaning: string;
}

/** Rows by name, in the order of the documents. */
export type SettingRows = Readonly<Record<string, SettingRow>>;
