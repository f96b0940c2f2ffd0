import { foldCase } from '../../pipeline/column-name.ts';
import { MAX_DEPTH, readName } from '../../pipeline/contract/contract.ts';
import { parseYaml, Refusal } from '../../pipeline/yaml-source.ts';
import { type JsonObject, type JsonValue, memberOf, numberText } from '../../verify/oracle/json-value.ts';
import { counted, enoughOf, type InferredField, type InferredItem, type LeftOut } from '../inferred.ts';
import { yamlText } from '../write/yaml-text.ts';
import { inferScalar, type ScalarOptions } from './infer-scalar.ts';

/** Why a contract cannot have an object or array. */
export const TOO_DEEP = `objects and arrays are nested deeper than ${MAX_DEPTH} levels`;
/** Fewer objects, in fewer events than all, do not show what such an object always has. */
const FEW_OBJECTS = 20;
/** An object with so many different members, each of them rare, is a map with data for names. */
const MOST_MEMBERS = 50;
const RARE_SHARE = 0.1;

type Kind = 'text' | 'number' | 'boolean' | 'object' | 'array';

/** What a contract leaves out of an object, and what it has. */
export interface InferredObject {
  readonly fields: readonly InferredField[];
  readonly leftOut: readonly LeftOut[];
}

/** Where an object stands. */
export interface Place extends ScalarOptions {
  /** 1 for the event's own members. */
  readonly depth: number;
  /** The number of events. */
  readonly events: number;
  /** The noun for what has the members: `event`. */
  readonly noun: string;
}

/** The fields of objects, in the order in which their members appear first. */
export function inferObject(objects: readonly JsonObject[], place: Place): InferredObject {
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  const isMap =
    names.length > MOST_MEMBERS &&
    objects.reduce((sum, object) => sum + Object.keys(object).length, 0) <
      names.length * objects.length * RARE_SHARE;
  if (isMap && place.depth > 1) {
    const why = `its ${names.length} members in ${counted(objects.length, 'object')} have data for names`;
    return { fields: [], leftOut: [{ name: '', why }] };
  }
  const usual = usualSpellings(names, objects);
  const fields: InferredField[] = [];
  const leftOut: LeftOut[] = [];
  for (const name of names) {
    const spelling = usual.get(foldCase(name)) ?? name;
    const outcome =
      spelling === name
        ? inferMember(name, objects, place)
        : { name, why: `it differs from ${spelling} only in upper and lower case` };
    if ('logicalType' in outcome) fields.push(outcome);
    else leftOut.push(outcome);
  }
  return { fields, leftOut };
}

/** Of names that differ only in upper and lower case, the one that most objects have. */
function usualSpellings(
  names: readonly string[],
  objects: readonly JsonObject[],
): ReadonlyMap<string, string> {
  const groups = new Map<string, string[]>();
  for (const name of names) groups.set(foldCase(name), [...(groups.get(foldCase(name)) ?? []), name]);
  const count = (name: string) => objects.filter((object) => Object.hasOwn(object, name)).length;
  return new Map(
    [...groups].flatMap(([folded, spellings]) => {
      const [usual] =
        spellings.length < 2 ? [] : spellings.toSorted((one, other) => count(other) - count(one));
      return usual === undefined ? [] : [[folded, usual] as const];
    }),
  );
}

function inferMember(name: string, objects: readonly JsonObject[], place: Place): InferredField | LeftOut {
  const refusal = nameRefusal(name);
  if (refusal !== undefined) return { name, why: refusal };
  const values = objects.map((object) => memberOf(object, name)).filter((value) => value !== null);
  const all = objects.length;
  const outcome = inferItem(name, values, place);
  if (typeof outcome === 'string') return { name, why: outcome };
  const isEverywhere = values.length === all;
  const required = isEverywhere && (place.depth === 1 || all >= Math.min(FEW_OBJECTS, place.events));
  const presence = isEverywhere
    ? `In ${allOf(all, place.noun)}${required ? '' : ', which are too few to require it'}`
    : presenceOf(values.length, objects, name, place.noun);
  return { ...outcome, name, required, presence };
}

const allOf = (count: number, noun: string) =>
  count === 1 ? `the only ${noun}` : `all ${counted(count, noun)}`;

function presenceOf(count: number, objects: readonly JsonObject[], name: string, noun: string): string {
  const nulls = objects.filter((object) => Object.hasOwn(object, name) && object[name] === null).length;
  const absent = objects.length - count - nulls;
  const parts = [
    ...(absent > 0 ? [`${absent} of ${counted(objects.length, noun)} have no ${name}`] : []),
    ...(nulls > 0 ? [`in ${nulls} of ${objects.length} it is null`] : []),
  ];
  const [first = '', ...rest] = parts;
  return [`${first[0]?.toUpperCase()}${first.slice(1)}`, ...rest].join(', ');
}

/** Why a name cannot be a column's; undefined when it can. */
export function nameRefusal(name: string): string | undefined {
  try {
    readName(parseYaml('', yamlText(name)));
    return undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return `a column cannot have this name (${error.message.split('; ')[1]})`;
  }
}

/**
 * The item that values have, without whether it is required.
 * @returns a reason when the contract cannot have the values
 */
function inferItem(name: string, values: readonly JsonValue[], place: Place): InferredItem | string {
  const header = headerIn(name, values);
  const regular = header.length === 0 ? values : values.filter((value) => !isOwnName(name, value));
  const kinds = new Map<Kind, JsonValue[]>();
  for (const value of regular) {
    const kind = kindOf(value);
    const list = kinds.get(kind) ?? [];
    kinds.set(kind, list);
    list.push(value);
  }
  const byCount = [...kinds].sort(([, one], [, other]) => other.length - one.length);
  const [first] = byCount;
  if (!first)
    return { logicalType: 'string', required: false, why: ['No value in any of them: text is assumed'] };
  const total = regular.length;
  const mixture = byCount.map(([kind, list]) => `${list.length} ${kind}`).join(', ');
  if (enoughOf(total)(first[1].length)) {
    const odd = total - first[1].length;
    const outcome = inferKind(name, first[0], first[1], header, place);
    if (odd === 0 || typeof outcome === 'string') return outcome;
    return {
      ...outcome,
      why: [
        ...outcome.why,
        `${odd} of ${total} values are of another kind (${mixture}) and go to quarantine`,
      ],
    };
  }
  if (byCount.every(([kind]) => kind === 'text' || kind === 'number')) {
    return inferMixed(name, regular, mixture, header, place);
  }
  return `its values are of several kinds (${mixture}), which no column takes`;
}

/** Numbers and texts: a text takes both, and so do decimals and epochs whose texts are numbers. */
function inferMixed(
  name: string,
  values: readonly JsonValue[],
  mixture: string,
  header: readonly string[],
  place: Place,
): InferredItem {
  return inferScalar(name, { kind: 'mixed', texts: textsOf(values), mixture, header }, place);
}

const textsOf = (values: readonly JsonValue[]) => values.map((value) => numberText(value) ?? String(value));

function inferKind(
  name: string,
  kind: Kind,
  values: readonly JsonValue[],
  header: readonly string[],
  place: Place,
): InferredItem | string {
  switch (kind) {
    case 'object': {
      if (place.depth >= MAX_DEPTH) return TOO_DEEP;
      const inside = inferObject(values as JsonObject[], {
        ...place,
        depth: place.depth + 1,
        noun: 'object',
      });
      if (inside.fields.length > 0) return { logicalType: 'object', required: false, why: [], ...inside };
      return inside.leftOut[0]?.why ?? 'its objects have no members';
    }
    case 'array':
      return inferArray(name, values as (readonly JsonValue[])[], place);
    case 'boolean':
      return {
        logicalType: 'boolean',
        required: false,
        why: [],
        seen: { count: values.length, distinct: new Set(values).size, header: [] },
      };
    default:
      return inferScalar(name, { kind, texts: textsOf(values), header }, place);
  }
}

function inferArray(
  name: string,
  arrays: readonly (readonly JsonValue[])[],
  place: Place,
): InferredItem | string {
  if (place.depth >= MAX_DEPTH) return TOO_DEEP;
  const elements = arrays.flat();
  const values = elements.filter((value) => value !== null);
  const inside = { ...place, depth: place.depth + 1, noun: 'element', forcedTime: undefined };
  const item = inferItem(name, values, inside);
  if (typeof item === 'string') return item;
  const empty = arrays.filter((array) => array.length === 0).length;
  const why =
    values.length === 0
      ? ['Every array is empty: texts are assumed']
      : empty > 0
        ? [`${empty} of ${counted(arrays.length, 'array')} are empty`]
        : [];
  const required = values.length > 0 && values.length === elements.length;
  return { logicalType: 'array', required: false, why, items: { ...item, required } };
}

/**
 * The values that are the field's own name, as where the header of a table slipped in as a record:
 * the other values are no texts, or have digits.
 */
function headerIn(name: string, values: readonly JsonValue[]): readonly string[] {
  const header = values.filter((value) => isOwnName(name, value)).map(String);
  if (header.length === 0 || header.length * 2 > values.length) return [];
  const isOther = (value: JsonValue) => typeof value !== 'string' || /\d/.test(value);
  return values.every((value) => isOwnName(name, value) || isOther(value)) ? header : [];
}

function isOwnName(name: string, value: JsonValue): boolean {
  return typeof value === 'string' && value !== '' && foldCase(value.trim()) === foldCase(name);
}

function kindOf(value: JsonValue): Kind {
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'boolean';
  if (numberText(value) !== undefined) return 'number';
  return Array.isArray(value) ? 'array' : 'object';
}
