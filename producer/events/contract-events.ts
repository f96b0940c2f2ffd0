import { pathText } from '../../orchestrator/pipeline/column-name.ts';
import { fieldPathText, itemAt } from '../../orchestrator/pipeline/generate/field-path.ts';
import type { FieldPath, Hint } from '../../orchestrator/pipeline/generate/generation.ts';
import {
  type Field,
  type Item,
  isScalar,
  KAFKA_TS,
  type Pipeline,
} from '../../orchestrator/pipeline/model.ts';
import { userCommand } from '../../orchestrator/util/user-command.ts';
import { ConfigError } from '../errors.ts';
import { derivedSeed, type Random, seededRandom } from '../generate/random.ts';
import { type Narrowing, narrowed, narrowings } from './satisfied-constraints.ts';
import { type Draw, type ScalarField, scalarValues } from './values/scalar-values.ts';
import { timeWriter } from './values/time-text.ts';

/** Writes the JSON of a field's value in the present event. */
export type Write = (eventMs: number) => string;

/** Share of events in which a field that is not required is null. */
const NULL_SHARE = 0.05;
const ARRAY_LENGTH = { min: 1, max: 3 };

/** Events made up from the contract alone. */
export interface ContractWriter {
  /** The JSON of the next event. @param hotKey the JSON of its key, where that is chosen already */
  write(eventMs: number, hotKey?: string): string;
  /** The JSON of the present event's key field; null where records have no key. */
  readonly keyJson: () => string | null;
  /** Draws the JSON of a key. Undefined where records have none. */
  readonly drawKey: Draw | undefined;
}

/** A value that several fields of one event share: a reference, or the record's key. */
interface Cell {
  readonly write: Write;
  json: string;
}

/**
 * Makes events of a pipeline's contract. Each field has a random stream of its own, so that another
 * field changes none of its values.
 * @throws {ConfigError} naming a field of which no value is known that keeps the constraints
 */
export function contractWriter(pipeline: Pipeline, seed: string): ContractWriter {
  return new ContractCompiler(pipeline, seed).writer();
}

/** Reads hints by the text of their path. */
export function hintsOf({ generate }: Pipeline): ReadonlyMap<string, Hint> {
  return new Map(generate?.fields?.map(({ path, hint }) => [fieldPathText(path), hint]));
}

/** Compiles the fields of a pipeline into functions that write them. */
export class ContractCompiler {
  readonly #pipeline: Pipeline;
  readonly #seed: string;
  readonly #hints: ReadonlyMap<string, Hint>;
  readonly #narrowings: ReadonlyMap<string, Narrowing>;
  readonly #unique: ReadonlySet<string>;
  readonly #groups: ReadonlySet<string>;
  readonly #cells = new Map<string, Cell>();
  /** The path of the field that the record's key is, or refers to. */
  readonly #key: string | undefined;
  #drawKey: Draw | undefined;

  constructor(pipeline: Pipeline, seed: string) {
    const { source, expectations, generate, gold } = pipeline;
    this.#pipeline = pipeline;
    this.#seed = seed;
    this.#hints = hintsOf(pipeline);
    this.#narrowings = narrowings(expectations.expectOrQuarantine);
    this.#unique = new Set(generate?.unique);
    this.#key = source.key === null ? undefined : fieldPathText(this.#rootOf([source.key]));
    this.#groups = new Set([
      ...(source.key === null ? [] : [source.key]),
      ...gold.flatMap((table) => table.groupBy),
    ]);
  }

  writer(): ContractWriter {
    const { fields, source } = this.#pipeline;
    const key = fields.find(({ name }) => name === source.key);
    const keyCell = key && this.#cellOf(this.#rootOf([key.name]));
    for (const { values } of this.#hints.values()) {
      if (values?.kind === 'same_as') this.#cellOf(this.#rootOf(values.path));
    }
    const write = this.#object(fields, []);
    const cells = [...this.#cells.values()];
    return {
      write(eventMs, hotKey) {
        for (const cell of cells) cell.json = cell.write(eventMs);
        if (keyCell && hotKey !== undefined) keyCell.json = hotKey;
        return write(eventMs);
      },
      keyJson: () => keyCell?.json ?? null,
      drawKey: this.#drawKey,
    };
  }

  /** The values of one field alone, for a replayed event. */
  field(path: FieldPath): Write {
    return this.#item(this.#fieldAt(path), path);
  }

  #object(fields: readonly Field[], path: FieldPath): Write {
    const members = fields.map((field, at) => ({
      head: `${at === 0 ? '{' : ','}${JSON.stringify(field.name)}:`,
      write: this.#member(field, [...path, field.name]),
    }));
    return (eventMs) => {
      let text = '';
      for (const { head, write } of members) text += head + write(eventMs);
      return `${text}}`;
    };
  }

  #member(field: Field, path: FieldPath): Write {
    const cell = this.#cells.get(fieldPathText(this.#rootOf(path)));
    return cell ? () => cell.json : this.#item(field, path);
  }

  /** A field that others, or the record's key, share. */
  #cellOf(path: FieldPath): Cell {
    const text = fieldPathText(path);
    const cell = this.#cells.get(text) ?? { write: this.#item(this.#fieldAt(path), path), json: 'null' };
    this.#cells.set(text, cell);
    return cell;
  }

  #fieldAt(path: FieldPath): Item {
    const item = itemAt(path, this.#pipeline.fields);
    if (item) return item;
    throw new ConfigError(
      `the pipeline has no field ${fieldPathText(path)}, which a hint names: run \`${userCommand('generate')}\``,
    );
  }

  /** Where a chain of references ends. The resolver has refused those that go in a circle. */
  #rootOf(path: FieldPath): FieldPath {
    const values = this.#hints.get(fieldPathText(path))?.values;
    return values?.kind === 'same_as' ? this.#rootOf(values.path) : path;
  }

  #item(item: Item, path: FieldPath): Write {
    const text = fieldPathText(path);
    const { eventTime } = this.#pipeline;
    if (
      text === fieldPathText([eventTime.field]) &&
      eventTime.field !== KAFKA_TS &&
      item.type.kind === 'timestamp'
    )
      return timeWriter(item.type);
    const hint = this.#hints.get(text);
    const write = this.#value(item, path, hint);
    const isKey = text === this.#key;
    const mayBeNull =
      !item.required && !isKey && path.at(-1) !== null && !this.#narrowings.get(columnText(path))?.isPresent;
    const share = item.required ? 0 : (hint?.nullShare ?? (mayBeNull ? NULL_SHARE : 0));
    if (share === 0) return write;
    const random = this.#random(`null ${text}`);
    return (eventMs) => {
      const json = write(eventMs);
      return random.fraction() < share ? 'null' : json;
    };
  }

  #value(item: Item, path: FieldPath, hint: Hint | undefined): Write {
    const { type } = item;
    if (type.kind === 'object') return this.#object(type.fields, path);
    if (type.kind === 'array') return this.#array(item, path, hint);
    const text = fieldPathText(path);
    const [first = ''] = path;
    const isTop = path.length === 1 && first !== null;
    const field: ScalarField = {
      name: path.findLast((step) => step !== null) ?? '',
      path: text,
      item: narrowed(item, this.#narrowings.get(columnText(path))),
      hint,
      isUnique: isTop && this.#unique.has(first),
      isGroup: isTop && this.#groups.has(first),
    };
    const draw = scalarValues(field);
    if (!draw) throw noValue(this.#pipeline, field);
    if (text === this.#key) this.#drawKey = draw;
    const random = this.#random(`field ${text}`);
    return (eventMs) => draw(random, eventMs);
  }

  #array({ type, constraints }: Item, path: FieldPath, hint: Hint | undefined): Write {
    if (type.kind !== 'array') throw new TypeError(`${fieldPathText(path)} is no array`);
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = constraints;
    const least = Math.min(maxItems, Math.max(minItems, ARRAY_LENGTH.min));
    const { min, max } = hint?.length ?? {
      min: least,
      max: Math.max(least, Math.min(maxItems, ARRAY_LENGTH.max)),
    };
    const inside: FieldPath = [...path, null];
    const write = this.#item(type.items, inside);
    const random = this.#random(`length ${fieldPathText(path)}`);
    return (eventMs) => {
      const count = min + Math.floor(random.fraction() * (max - min + 1));
      let text = '';
      for (let at = 0; at < count; at++) text += (at === 0 ? '' : ',') + write(eventMs);
      return `[${text}]`;
    };
  }

  #random(stream: string): Random {
    return seededRandom(derivedSeed(this.#seed, stream));
  }
}

function noValue({ name }: Pipeline, { path, item, hint }: ScalarField): ConfigError {
  const constraints = JSON.stringify(item.constraints);
  const what = hint?.values
    ? `the hint of ${path} in generate.fields gives no value that keeps the contract`
    : `no value of ${path} was found that keeps the contract (${constraints})`;
  return new ConfigError(
    `PIPELINE=${name}: ${what}: give ${path} a hint in generate.fields of pipeline.yml, such as { values: […] }, then run \`${userCommand('generate')}\``,
  );
}

/** Whether records of a pipeline have keys. */
export const hasKey = ({ source, fields }: Pipeline): boolean =>
  fields.some(({ name, type }) => name === source.key && isScalar(type));

/** A field as expectations name it; elements of arrays have no such name. */
const columnText = (path: FieldPath): string => pathText(path.map((step) => step ?? ''));
