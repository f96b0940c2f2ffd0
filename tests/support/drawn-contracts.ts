import { foldCase, pathText } from '../../orchestrator/pipeline/column-name.ts';
import { type Pipeline, silverColumns } from '../../orchestrator/pipeline/model.ts';
import { resolvePipeline } from '../../orchestrator/pipeline/resolve.ts';
import { checkCondition, printExpression } from '../../orchestrator/pipeline/sql/sql-check.ts';
import { parseExpression } from '../../orchestrator/pipeline/sql/sql-parser.ts';
import { TextError } from '../../orchestrator/pipeline/text-error.ts';
import { derivedSeed, drawFrom, type Random, seededRandom } from '../../producer/generate/random.ts';

/** Names that some part of the way could take for something else. */
const ODD_NAMES = [
  ...['order-id', '日付', 'select', 'a.b', 'a', '..', '.', 'with space', ' leading', 'trailing ', '\u00a0'],
  ...[
    'quo"te',
    "it's",
    'back`tick',
    '``',
    'back\\slash',
    '\\u0041',
    'comma,name',
    '{x}',
    '[0]',
    '(p)',
    'a=b',
  ],
  ...['semi;colon', '#hash', '#file', '%s', '$1', `\${env:HOME}`, '*', '?', '/', 'a:b', '<b>', '|', '^', '~'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', '1', '10', '2', '-1', '1e3', 'NaN'],
  ...['true', 'null', 'and', 'NOT', 'between', 'Value', 'KEY', 'headers', 'is_silver', 'window', 'reason'],
  ...[
    'detail',
    'read',
    'exact',
    'marked',
    'words',
    'number',
    'text',
    't0',
    'e0',
    'count',
    'Ünïcode',
    'ſ',
    'İ',
  ],
  ...['💳', 'é', 'e\u0301', '\ufeffmark', '\u2028', '\u200b', 'x'.repeat(255), '💳'.repeat(255)],
] as const;

const PATTERNS = ['^a', '[0-9]{2}', '^[A-Z][\\w -]*$', 'x|y', '^.{0,5}$', '(?!.*bad)^.*$', 'é'];
const TIME_PATTERNS = [
  ...['yyyy-MM-dd HH:mm:ss', 'M/d/yy H:mm', 'dd/MMM/yyyy:HH:mm:ss Z', "yyyy-MM-dd'T'HH:mm:ss.SSSX"],
  ...['d/M/yyyy h:mm a', 'yyyyMMddHHmmssXX', 'dd.MM.uuuu HH:mm[:ss]', 'MMMM d, yyyy HH:mm xxx'],
];
const DATE_PATTERNS = ['dd.MM.yyyy', 'yyyyMMdd', 'M/d/yy', 'd MMM yyyy', 'MMMM d, uuuu'];
const EPOCHS = ['seconds', 'milliseconds', 'microseconds'];

type Property = Record<string, unknown>;

/** A contract and a pipeline that a seed gives, as an author would have written them. */
export interface DrawnPipeline {
  readonly contract: string;
  readonly pipeline: string;
  readonly resolved: Pipeline;
}

/**
 * Draws a pipeline: up to 60 fields, nested up to three levels deep, of every type and notation,
 * with odd names, constraints, and expectations in both lists. It went through the resolver.
 * @param seed the same one gives the same pipeline
 */
export function drawnPipeline(seed: string): DrawnPipeline {
  const random = seededRandom(derivedSeed(seed, 'pipeline'));
  const draw = new ContractDraw(random);
  const count = drawFrom(random, [1, 4, 12, 30, 60]);
  const own = chance(random, 0.7);
  const properties = draw.properties(count, 1, own ? [{ name: draw.name(), ...draw.eventTime() }] : []);
  const contract = {
    ...{ apiVersion: 'v3.1.0', kind: 'DataContract', id: 'drawn', version: '1.0.0', status: 'draft' },
    schema: [{ name: 'drawn', physicalType: 'topic', properties }],
  };
  const texts = (expectations: Expectations) => ({
    // JSON is YAML 1.2, with no name that would need other quotes.
    contract: JSON.stringify(contract, null, 1),
    pipeline: JSON.stringify({
      source: { topic: 't' },
      event_time: { field: own ? properties[0]?.['name'] : 'kafka_ts', watermark: '1 minute' },
      unknown_fields: drawFrom(random, ['ignore', 'quarantine']),
      expectations,
    }),
  });
  const plain = resolved(texts({ expect: {}, expect_or_quarantine: {} }));
  const conditions = conditionsOf(plain, random);
  const chosen = Array.from({ length: Math.min(4, conditions.length) }, () => drawFrom(random, conditions));
  const named = (from: number, to: number) =>
    Object.fromEntries(chosen.slice(from, to).map((sql, at) => [`e_${from + at}`, sql]));
  const all = texts({ expect: named(0, 2), expect_or_quarantine: named(2, 3) });
  return { ...all, resolved: resolved(all) };
}

interface Expectations {
  readonly expect: Readonly<Record<string, string>>;
  readonly expect_or_quarantine: Readonly<Record<string, string>>;
}

function resolved({
  contract,
  pipeline,
}: {
  readonly contract: string;
  readonly pipeline: string;
}): Pipeline {
  return resolvePipeline({
    name: 'drawn',
    pipelineFile: 'pipeline.yml',
    pipelineText: () => pipeline,
    contract: (file) => ({ file, text: contract }),
  });
}

export const chance = (random: Random, share: number): boolean => random.fraction() < share;

class ContractDraw {
  readonly #random: Random;
  readonly #taken = new Set(['event_time', 'kafka_ts', 'topic', 'partition', 'offset']);
  #made = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A name that no field of the event has. Within an object it may be one of another object's. */
  name(taken: Set<string> = this.#taken): string {
    for (;;) {
      this.#made += 1;
      const name = chance(this.#random, 0.6) ? drawFrom(this.#random, ODD_NAMES) : `field_${this.#made}`;
      if (taken.has(foldCase(name)) || taken.has(name.toLowerCase())) continue;
      taken.add(foldCase(name));
      taken.add(name.toLowerCase());
      return name;
    }
  }

  properties(count: number, depth: number, first: readonly Property[] = []): Property[] {
    const taken = depth === 1 ? this.#taken : new Set<string>();
    const others = Array.from({ length: Math.max(depth === 1 ? 1 : 0, count - first.length) }, () => ({
      name: this.name(taken),
      ...(chance(this.#random, 0.3) && { required: true }),
      ...this.#type(depth),
    }));
    return [...first, ...others];
  }

  /** A required timestamp. */
  eventTime(): Property {
    return { required: true, ...this.#timestamp() };
  }

  #type(depth: number): Property {
    const kinds = [
      ...['string', 'string', 'integer', 'number', 'decimal', 'boolean', 'date', 'timestamp'],
      ...(depth <= 3 ? ['object', 'array'] : []),
    ];
    const random = this.#random;
    switch (drawFrom(random, kinds)) {
      case 'string':
        return { logicalType: 'string', ...this.#stringRules() };
      case 'integer':
        return { logicalType: 'integer', ...this.#options(this.#limits(['-5', '0', '1', '100'], 3)) };
      case 'number':
        return { logicalType: 'number', ...this.#options(this.#limits(['-1.5', '0', '2.25e3'])) };
      case 'decimal':
        return this.#decimal();
      case 'boolean':
        return { logicalType: 'boolean' };
      case 'date': {
        const format = chance(random, 0.5) ? { format: drawFrom(random, DATE_PATTERNS) } : {};
        return { logicalType: 'date', ...this.#options({ ...format, ...this.#times('2020-01-01') }) };
      }
      case 'timestamp':
        return this.#timestamp();
      case 'object':
        return {
          logicalType: 'object',
          properties: this.properties(drawFrom(random, [1, 2, 4]), depth + 1),
        };
      default: {
        const items = { required: chance(random, 0.3), ...this.#type(depth + 1) };
        const sizes = chance(random, 0.3) ? { minItems: 1, maxItems: 3 } : {};
        return { logicalType: 'array', items, ...this.#options(sizes) };
      }
    }
  }

  #options(options: Property): Property {
    return Object.keys(options).length === 0 ? {} : { logicalTypeOptions: options };
  }

  #stringRules(): Property {
    const random = this.#random;
    const valid = { metric: 'invalidValues', mustBe: 0, arguments: { validValues: ['a', 'é', '12', ''] } };
    return drawFrom(random, [
      {},
      {},
      this.#options({ minLength: 1, maxLength: drawFrom(random, [2, 40]) }),
      this.#options({ pattern: drawFrom(random, PATTERNS) }),
      this.#options({ format: drawFrom(random, ['uuid', 'email', 'ipv4', 'ipv6', 'hostname', 'uri']) }),
      { quality: [valid] },
    ]);
  }

  /** @param of a divisor of whole numbers, if there is one */
  #limits(bounds: readonly string[], of?: number): Property {
    const random = this.#random;
    if (chance(random, 0.5)) return {};
    const name = drawFrom(random, ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']);
    const multiple = of !== undefined && chance(random, 0.3) ? { multipleOf: of } : {};
    return { [name]: Number(drawFrom(random, bounds)), ...multiple };
  }

  #decimal(): Property {
    const random = this.#random;
    const [precision, scale] = drawFrom(random, [
      [1, 0],
      [18, 2],
      [38, 18],
      [4, 4],
      [10, 9],
      [38, 0],
    ] as const);
    const isSmall = precision - scale < 2;
    const limits = isSmall ? {} : this.#limits(['-5', '0', '0.5', '100'], 2);
    return {
      logicalType: 'number',
      physicalType: `decimal(${precision},${scale})`,
      ...this.#options(limits),
    };
  }

  #timestamp(): Property {
    const random = this.#random;
    const limits = this.#times('2020-01-01T00:00:00Z');
    const zone = chance(random, 0.3) ? { defaultTimezone: drawFrom(random, ['+05:30', '-08:00']) } : {};
    return drawFrom(random, [
      { logicalType: 'timestamp', ...this.#options({ ...zone, ...limits }) },
      {
        logicalType: 'timestamp',
        ...this.#options({ format: drawFrom(random, TIME_PATTERNS), ...zone, ...limits }),
      },
      {
        logicalType: 'timestamp',
        customProperties: [{ property: 'epoch', value: drawFrom(random, EPOCHS) }],
        ...this.#options(limits),
      },
    ]);
  }

  #times(bound: string): Property {
    return chance(this.#random, 0.2) ? { minimum: bound } : {};
  }
}

/** Conditions over the columns of a pipeline, and the members of objects in them. */
function conditionsOf({ fields, eventTime }: Pipeline, random: Random): string[] {
  const found: string[] = [];
  const add = (all: Pipeline['fields'], within: readonly string[]) => {
    for (const { name, type } of all) {
      if (within.length === 0 && name === eventTime.field) continue;
      const names = [...within, name];
      const column = printExpression({ op: 'column', name: pathText(names) });
      found.push(`${column} IS NOT NULL`, ...(TEMPLATES[type.kind] ?? []).map((of) => of(column)));
      if (type.kind === 'object') add(type.fields, names);
    }
  };
  add(fields, []);
  const one = () => drawFrom(random, found);
  const joined = Array.from({ length: 10 }, () => `NOT (${one()}) OR ${one()} AND (${one()})`);
  const columns = silverColumns(fields, eventTime);
  return [...found, ...joined].filter((sql) => isTaken(sql, columns));
}

/** A comparison of decimals may need more digits than there are. */
function isTaken(sql: string, columns: ReturnType<typeof silverColumns>): boolean {
  try {
    checkCondition(parseExpression(sql), columns);
    return true;
  } catch (error) {
    if (error instanceof TextError && error.allowed === 'at most 38') return false;
    throw error;
  }
}

const TEMPLATES: Readonly<Record<string, readonly ((column: string) => string)[]>> = {
  string: [
    (column) => `${column} LIKE 'a%' OR ${column} LIKE '%\\_%'`,
    (column) => `${column} > 'b'`,
    (column) => `${column} NOT IN ('a', 'é', '\${env:HOME}', 'it''s')`,
  ],
  integer: [
    (column) => `${column} + 1 > ${column} AND ${column} % 2 = 0`,
    (column) => `${column} * 3 BETWEEN -5 AND 1000`,
    (column) => `-${column} <> ${column} / 3`,
  ],
  double: [(column) => `${column} * 2 < 1e3`, (column) => `${column} / (${column} - 1.5) > 0`],
  decimal: [(column) => `${column} >= 1`, (column) => `${column} IN (0, 1.5, 12)`],
  boolean: [(column) => column, (column) => `NOT ${column}`],
  date: [(column) => `${column} >= DATE '2021-03-04'`],
  timestamp: [(column) => `${column} < TIMESTAMP '2026-01-01T10:00:00Z'`],
};
