import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Column,
  columnType,
  type Pipeline,
  silverColumns,
  type Type,
} from '../../orchestrator/pipeline/model.ts';
import { dateText } from '../../orchestrator/verify/deep/shown-value.ts';
import { conditionOf, type SilverRow } from '../../orchestrator/verify/oracle/expression-value.ts';
import { decimalUnits, type Value } from '../../orchestrator/verify/oracle/field-value.ts';
import {
  type JsonObject,
  type JsonValue,
  memberOf,
  numberText,
  readJsonObject,
} from '../../orchestrator/verify/oracle/json-value.ts';
import { classifying } from './classified.ts';
import { drawnPipeline } from './drawn-contracts.ts';
import { drawnValues } from './drawn-records.ts';
import { projectDir } from './project.ts';
import { pythonTools } from './python-tools.ts';

/** What the job made of a value: the reason, or the row as JSON and the expectations it fails. */
interface JobOutcome {
  readonly reason: string | null;
  readonly detail: string | null;
  readonly event: string | null;
  /** Numbers of `expect`, such as `0,1`. */
  readonly unmet: string | null;
}

/** How the values of the drawn pipelines were compared. */
export interface Agreement {
  readonly pipelines: number;
  readonly values: number;
  /** How many values had which outcome, by the oracle: `silver`, or the reason without its field. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Silver rows for which an expectation is false. */
  readonly unmet: number;
  /** A sentence for each value about which job and oracle differ. */
  readonly differences: readonly string[];
}

/**
 * Draws pipelines and values of records, has the job parse them in one Spark session, and compares
 * every outcome with the oracle's: sink, reason, each value of a silver row, unmet expectations.
 */
export async function agreementOf(seeds: readonly string[], valuesEach: number): Promise<Agreement> {
  const cases = seeds.map((seed) => {
    const pipeline = drawnPipeline(seed).resolved;
    return { seed, pipeline, values: drawnValues(pipeline, seed, valuesEach) };
  });
  const found = await jobOutcomes(cases);
  const outcomes = new Map<string, number>();
  const differences: string[] = [];
  let unmet = 0;
  for (const [at, { seed, pipeline, values }] of cases.entries()) {
    const classify = classifying(pipeline);
    for (const [offset, value] of values.entries()) {
      const expected = classify(value);
      const job = found[at]?.[offset];
      const kind = typeof expected === 'string' ? expected.replace(/^(missing|bad)_.*$/s, '$1') : 'silver';
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
      const difference = job ? differenceOf(pipeline, expected, job) : 'the job has no row';
      if (typeof expected !== 'string' && job?.unmet) unmet += 1;
      if (difference !== undefined)
        differences.push(`seed ${seed}, value ${offset}: ${difference}; ${String(value).slice(0, 2000)}`);
    }
  }
  const sizes = { pipelines: cases.length, values: cases.length * valuesEach };
  return { ...sizes, outcomes: Object.fromEntries(outcomes), unmet, differences };
}

interface Case {
  readonly pipeline: Pipeline;
  readonly values: readonly (Buffer | null)[];
}

/** Runs `spark-app/tests/parse_cases.py`. */
async function jobOutcomes(cases: readonly Case[]): Promise<readonly (readonly JobOutcome[])[]> {
  const tools = await pythonTools();
  const folder = mkdtempSync(join(tmpdir(), 'drawn-contracts-'));
  const [input, output] = [join(folder, 'cases.jsonl'), join(folder, 'outcomes.jsonl')];
  const lines = cases.map(({ pipeline, values }) =>
    JSON.stringify({ pipeline, values: values.map((value) => value?.toString('base64') ?? null) }),
  );
  try {
    writeFileSync(input, lines.join('\n'));
    await new Promise<void>((resolve, reject) => {
      const child = spawn(tools.bin('python'), ['-m', 'tests.parse_cases', input, output], {
        cwd: join(projectDir, 'spark-app'),
        env: tools.environment as NodeJS.ProcessEnv,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      child.on('error', reject);
      child.on('close', (code) =>
        code === 0 ? resolve() : reject(new Error(`parse_cases ended with ${code}`)),
      );
    });
    return readFileSync(output, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Columns of silver that are the record's own. */
const OF_RECORD = ['kafka_ts', 'topic', 'partition', 'offset'];

function differenceOf(pipeline: Pipeline, expected: SilverRow | string, job: JobOutcome): string | undefined {
  if (typeof expected === 'string') {
    if (job.reason !== expected) return `the job: ${job.reason ?? 'silver'}, the oracle: ${expected}`;
    return job.detail === null || job.detail === '' ? `${expected} has no detail` : undefined;
  }
  if (job.reason !== null) return `the job: ${job.reason} (${job.detail}), the oracle: silver`;
  const event = readJsonObject(job.event ?? '');
  if (event === undefined) return `the job's row is no JSON: ${job.event}`;
  const columns = silverColumns(pipeline.fields, pipeline.eventTime);
  const wrong = columns.find(
    ({ name, type }, at) =>
      !OF_RECORD.includes(name) && !isSame(type, expected[at] ?? null, memberOf(event, name)),
  );
  if (wrong)
    return `${wrong.name} is ${JSON.stringify(memberOf(event, wrong.name))}, the oracle: ${shown(expected, columns.indexOf(wrong))}`;
  const unmet = pipeline.expectations.expect.flatMap(({ expression }, at) =>
    conditionOf(expression, columns)(expected) === false ? [at] : [],
  );
  return job.unmet === unmet.join(',')
    ? undefined
    : `expectations that are false: ${job.unmet}, the oracle: ${unmet}`;
}

const shown = (row: SilverRow, at: number): string =>
  JSON.stringify(row[at], (_, part) => (typeof part === 'bigint' ? String(part) : part));

const INSTANT = /^([+-]?\d{4,6})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z$/;

/** Whether a value of the oracle is the one in `to_json` of the job's row. */
function isSame(type: Type | Column['type'], value: Value, json: JsonValue): boolean {
  if (value === null || json === null) return value === json;
  const text = numberText(json) ?? (typeof json === 'string' ? json : '');
  switch (type.kind) {
    case 'string':
    case 'boolean':
      return value === json;
    case 'integer':
      return BigInt(text) === value;
    case 'double':
      return Number(text) === value;
    case 'decimal':
      return decimalUnits(text, type) === value;
    case 'date':
      return text === dateText(Number(value));
    case 'timestamp': {
      const [, year, month, day, hour, minute, second, micros] = (INSTANT.exec(text) ?? []).map(Number);
      const date = new Date(0);
      date.setUTCFullYear(year ?? Number.NaN, (month ?? 0) - 1, day);
      date.setUTCHours(hour ?? 0, minute, second);
      return BigInt(date.getTime()) * 1000n + BigInt(micros ?? 0) === value;
    }
    case 'object': {
      const values = value as readonly Value[];
      return type.fields.every((field, at) =>
        isSame(columnType(field.type), values[at] ?? null, memberOf(json as JsonObject, field.name)),
      );
    }
    case 'array': {
      const [values, elements] = [value as readonly Value[], json as readonly JsonValue[]];
      const { items } = type;
      return (
        values.length === elements.length &&
        values.every((each, at) => isSame(items.type, each, elements[at] ?? null))
      );
    }
  }
}
