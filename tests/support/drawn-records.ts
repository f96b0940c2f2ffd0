import type { Field, Pipeline, Type } from '../../orchestrator/pipeline/model.ts';
import { derivedSeed, drawFrom, type Random, seededRandom } from '../../producer/generate/random.ts';
import { classifying } from './classified.ts';
import { chance } from './drawn-contracts.ts';

/** JSON texts of scalars of every kind, valid ones and ones that parsers differ about. */
const SCALARS = [
  ...['null', 'true', 'false', '"true"', '"null"', '""', '" "', '"a"', '"ab"', '"abc def"', '"é"', '"12"'],
  ...[
    '"A b-c"',
    '"x"',
    '"bad"',
    '"it\'s"',
    '"\\u0061"',
    '"\\ud83d\\udcb3"',
    '"💳"',
    '"\\ud800"',
    '"\\udc00x"',
  ],
  ...[
    '"\\n\\t\\"\\\\\\/"',
    '"{"',
    '"[1]"',
    '"{\\"a\\":1}"',
    '"\\u007b"',
    '"a: 1, b"',
    `"\${env:HOME}"`,
    '"\\u0000"',
  ],
  ...['"123e4567-e89b-12d3-a456-426614174000"', '"a.b@example.org"', '"127.0.0.1"', '"::1"', '"example.org"'],
  ...['"https://example.org/a?b=c"', '"a_b"', '"\u2028"', '"\u00a0"', '"\u007f"'],
  ...[
    '0',
    '-0',
    '1',
    '-1',
    '2',
    '3',
    '6',
    '12',
    '99',
    '100',
    '101',
    '9223372036854775807',
    '9223372036854775808',
  ],
  ...[
    '-9223372036854775808',
    '-9223372036854775809',
    '9007199254740993',
    '12345678901234567890123456789012345678',
  ],
  ...[
    '0.0',
    '-0.0',
    '0.5',
    '1.5',
    '1.50',
    '1.005',
    '12.340000000000000001',
    '0.1234',
    '0.12345',
    '-1.25',
    '100.00',
  ],
  ...[
    '1e0',
    '1E2',
    '1.5e1',
    '15e-1',
    '1e2',
    '1e22',
    '1e-7',
    '1e400',
    '-1e400',
    '1e-400',
    '1e999999999',
    '0e999999999',
  ],
  ...['"1.5"', '"-0"', '"1e2"', '" 1"', '"1."', '"0x10"', '"NaN"', '"9223372036854775807"', '"+1"', '"00"'],
  ...[
    '1767225600',
    '1767225600.123456789',
    '1767225600123',
    '1767225600123456',
    '"1767225600"',
    '-62167219200',
  ],
  ...['-62167219200.0000001', '253402300800', '1.7672256e9', '1764201600000000000000000e-15'],
  ...[
    '"2026-01-31"',
    '"2026-02-30"',
    '"2020-02-29"',
    '"0000-02-29"',
    '"9999-12-31"',
    '"1582-10-10"',
    '"2026-1-1"',
  ],
  ...['"31.01.2026"', '"31.02.2026"', '"20260131"', '20260131', '"1/31/26"', '"2/29/2024"', '"4 Jul 2025"'],
  ...[
    '"July 4, 2025"',
    '"jULY 4, 2025"',
    '"2026-01-01T10:20:30Z"',
    '"2026-01-01 10:20"',
    '"2026-01-01t10:20:30.5z"',
  ],
  ...['"2026-01-01T10:20:30.123456789+05:30"', '"2026-01-01T10:20-0800"', '"2026-01-01T24:00:00Z"'],
  ...['"2026-01-01T10:20:60Z"', '"2026-01-01T10:20:30+18:01"', '"9999-12-31T23:59:59.999999-18:00"'],
  ...['"0000-01-01T00:00:00+18"', '"2026-01-01 10:20:30"', '"1/2/26 9:05"', '"01/Feb/2026:10:00:00 +0100"'],
  ...['"2026-01-01T10:20:30.123Z"', '"2/1/2026 1:05 pm"', '"20260101102030Z"', '"20260101102030+0530"'],
  ...['"02.01.2026 10:20"', '"02.01.2026 10:20:30"', '"January 2, 2026 10:20 +01:00"', '"1/2/26 25:05"'],
];
/** Anything in the place of a value. */
const OTHERS = [
  ...['[]', '{}', '[null]', '[[]]', '{"a":1}', '{"a":{"b":[1,"x",null]}}', '[1,2]', '["a","b"]', '[true,{}]'],
  ...[
    'NaN',
    'Infinity',
    'nul',
    "'a'",
    '01',
    '1.',
    '.5',
    '-',
    '+1',
    '"',
    '',
    ' ',
    'undefined',
    '/**/1',
    '[1,]',
  ],
];
const BLANKS = ['', '', '', '', '', ' ', '\n', '\t\r\n  '];

/**
 * Draws values of records for a pipeline: valid events in several spellings, events with wrong,
 * missing, repeated and unknown members at any depth, and texts that are no JSON.
 * @param seed the same one gives the same values
 */
export function drawnValues(pipeline: Pipeline, seed: string, count: number): (Buffer | null)[] {
  const draw = new RecordDraw(pipeline, seededRandom(derivedSeed(seed, 'records')));
  return Array.from({ length: count }, () => draw.value());
}

class RecordDraw {
  readonly #pipeline: Pipeline;
  readonly #random: Random;
  /** The scalars that a field takes. */
  readonly #right = new Map<Field, readonly string[]>();
  /** The share of values of the event that is drawn now that may be wrong. */
  #wrong = 0;

  constructor(pipeline: Pipeline, random: Random) {
    this.#pipeline = pipeline;
    this.#random = random;
  }

  value(): Buffer | null {
    const random = this.#random;
    // In an event with many fields a small share makes most events wrong.
    this.#wrong = drawFrom(random, [0, 0, 0.5, 1, 2]) / Math.max(1, this.#pipeline.fields.length);
    const text = `${this.#blank()}${this.#object(this.#pipeline.fields)}${this.#blank()}`;
    const at = Math.floor(random.fraction() * text.length);
    switch (Math.floor(random.fraction() * 40)) {
      case 0:
        return null;
      case 1:
        return Buffer.from(text.slice(0, at));
      case 2:
        return Buffer.from(text + drawFrom(random, ['}', ',', '{}', 'x', '"', ',"x":1}', '\0', '\ufeff']));
      case 3:
        return Buffer.from(
          text.slice(0, at) + drawFrom(random, ['"', '\\', '{', ',', '\0', ' ', '0']) + text.slice(at),
        );
      case 4:
        return Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), Buffer.from(text)]);
      case 5:
        return Buffer.concat([
          Buffer.from(text.slice(0, at)),
          Buffer.from([0xff, 0xed, 0xa0, 0x80]),
          Buffer.from(text.slice(at)),
        ]);
      case 6:
        return Buffer.from(`\ufeff${text}`);
      default:
        return Buffer.from(text);
    }
  }

  #blank(): string {
    return drawFrom(this.#random, BLANKS);
  }

  #object(fields: readonly Field[]): string {
    const random = this.#random;
    const members = fields.flatMap((field) => {
      if (chance(random, field.required ? this.#wrong / 3 : 0.15)) return [];
      const twice = chance(random, this.#wrong / 3);
      return (twice ? [this.#any(), this.#of(field)] : [this.#of(field)]).map((value) =>
        this.#member(field.name, value),
      );
    });
    if (chance(random, 0.05))
      members.push(this.#member(drawFrom(random, ['unknown', '', '__proto__', 'A', '\u0001']), this.#any()));
    if (chance(random, 0.2)) members.reverse();
    return `{${this.#blank()}${members.join(',')}${this.#blank()}}`;
  }

  #member(name: string, value: string): string {
    const random = this.#random;
    const plain = JSON.stringify(name);
    const escaped = () =>
      `"${Array.from({ length: name.length }, (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
    const key = chance(random, 0.03) ? escaped() : plain;
    return `${this.#blank()}${key}${this.#blank()}:${this.#blank()}${value}${this.#blank()}`;
  }

  /** A value of a field, which is right unless wrong ones are drawn. */
  #of(field: Field): string {
    const random = this.#random;
    if (chance(random, this.#wrong)) return this.#any();
    if (!field.required && chance(random, 0.1)) return 'null';
    if (field.type.kind === 'object') return this.#object(field.type.fields);
    if (field.type.kind === 'array') {
      const { items } = field.type;
      const elements = Array.from({ length: Math.floor(random.fraction() * 4) }, () =>
        this.#of({ name: '', ...items }),
      );
      return `[${this.#blank()}${elements.join(`${this.#blank()},${this.#blank()}`)}${this.#blank()}]`;
    }
    return drawFrom(random, this.#rightOf(field, field.type));
  }

  #any(): string {
    return drawFrom(this.#random, chance(this.#random, 0.7) ? SCALARS : OTHERS);
  }

  /** The scalars that the contract takes for a field; all of them where it takes none of these. */
  #rightOf({ constraints }: Field, type: Type): readonly string[] {
    const key = [...this.#right.keys()].find(
      (known) => known.type === type && known.constraints === constraints,
    );
    const found = key && this.#right.get(key);
    if (found) return found;
    const alone: Field = { name: 'v', required: true, type, constraints };
    const classify = classifying({
      ...this.#pipeline,
      ...{ fields: [alone], eventTime: { field: 'kafka_ts', watermarkMs: 0 } },
      expectations: { expect: [], expectOrQuarantine: [] },
    });
    const taken = SCALARS.filter((text) => typeof classify(`{"v":${text}}`) !== 'string');
    const right = taken.length > 0 ? taken : SCALARS;
    this.#right.set(alone, right);
    return right;
  }
}
