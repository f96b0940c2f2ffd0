import { type JsonObject, type JsonValue, memberOf, numberText } from '../../verify/oracle/json-value.ts';
import { badEvents } from '../read/read-input.ts';
import { shownText } from '../write/yaml-text.ts';

/** A JSON Schema with its references resolved and its parts merged. */
export interface SchemaNode {
  /** Keywords by name; of several parts that have the same, the last one. */
  readonly keywords: ReadonlyMap<string, JsonValue>;
  /** Members of objects by name. Each may have several schemas, which all hold. */
  readonly properties: ReadonlyMap<string, readonly JsonValue[]>;
  readonly required: ReadonlySet<string>;
  readonly isNullable: boolean;
  /** References on the way here, so that a schema that contains itself is found. */
  readonly through: readonly string[];
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && numberText(value) === undefined;

/** Whether a JSON object is a JSON Schema rather than an event. */
export function isJsonSchema(value: JsonObject): boolean {
  const has = (name: string) => Object.hasOwn(value, name);
  const named = memberOf(value, '$schema');
  if (typeof named === 'string' && named.includes('json-schema.org')) return true;
  const isTyped = memberOf(value, 'type') === 'object' && isObject(memberOf(value, 'properties'));
  const defines = (has('$defs') || has('definitions')) && (has('$ref') || has('properties') || has('allOf'));
  return isTyped || defines;
}

/** A schema that contains itself has no end. */
export const RECURSIVE = 'it contains itself';

/**
 * Resolves and merges the schemas that hold for one value.
 * @param schemas all of which hold
 * @param root the document, in which references are looked up
 * @throws ProductError BAD_EVENTS for a reference that leads outside the document or to nothing
 */
export function mergeSchemas(
  schemas: readonly JsonValue[],
  root: JsonObject,
  through: readonly string[] = [],
): SchemaNode | typeof RECURSIVE {
  const node = {
    keywords: new Map<string, JsonValue>(),
    properties: new Map<string, JsonValue[]>(),
    required: new Set<string>(),
    isNullable: false,
    through: [...through],
  };
  for (const schema of schemas) {
    if (!add(schema, node, root)) return RECURSIVE;
  }
  return node;
}

interface OpenNode {
  readonly keywords: Map<string, JsonValue>;
  readonly properties: Map<string, JsonValue[]>;
  readonly required: Set<string>;
  isNullable: boolean;
  readonly through: string[];
}

/** @returns whether the schema has an end */
function add(schema: JsonValue, node: OpenNode, root: JsonObject): boolean {
  if (!isObject(schema)) return true;
  const reference = memberOf(schema, '$ref');
  if (typeof reference === 'string') {
    if (node.through.includes(reference)) return false;
    node.through.push(reference);
    if (!add(referenced(reference, root), node, root)) return false;
  }
  for (const part of listOf(schema, 'allOf')) if (!add(part, node, root)) return false;
  for (const keyword of ['anyOf', 'oneOf']) {
    const parts = listOf(schema, keyword);
    if (parts.length === 0) continue;
    const others = parts.filter((part) => !isNull(part));
    if (others.length < parts.length) node.isNullable = true;
    const [only] = others;
    if (others.length === 1 && only !== undefined) {
      if (!add(only, node, root)) return false;
    } else if (!addConstants(others, node) && !addObjects(others, node, root)) {
      node.keywords.set('anyOf', others);
    }
  }
  for (const [name, value] of Object.entries(schema)) addKeyword(name, value, node);
  return true;
}

const isNull = (schema: JsonValue) =>
  isObject(schema) &&
  (memberOf(schema, 'type') === 'null' || (Object.hasOwn(schema, 'const') && schema['const'] === null));

/** Alternatives that are constants are an enumeration. */
function addConstants(parts: readonly JsonValue[], node: OpenNode): boolean {
  const isConstant = (part: JsonValue): part is JsonObject => isObject(part) && Object.hasOwn(part, 'const');
  if (!parts.every(isConstant)) return false;
  node.keywords.set(
    'enum',
    parts.map((part) => part['const'] ?? null),
  );
  return true;
}

/**
 * Alternatives that are objects, such as kinds of events, are one object. It requires what all of
 * them require.
 */
function addObjects(parts: readonly JsonValue[], node: OpenNode, root: JsonObject): boolean {
  const nodes = parts.flatMap((part) => {
    const merged = mergeSchemas([part], root, node.through);
    return merged === RECURSIVE || merged.properties.size === 0 ? [] : [merged];
  });
  if (nodes.length < parts.length) return false;
  const alternatives = new Map<string, Map<string, JsonValue>>();
  for (const [name, schemas] of nodes.flatMap(({ properties }) => [...properties])) {
    const [only] = schemas;
    const schema: JsonValue = schemas.length === 1 && only !== undefined ? only : { allOf: schemas };
    const known = alternatives.get(name) ?? new Map<string, JsonValue>();
    alternatives.set(name, known.set(JSON.stringify(schema), schema));
  }
  for (const [name, schemas] of alternatives) {
    const [only] = schemas.values();
    const schema = schemas.size === 1 && only !== undefined ? only : { anyOf: [...schemas.values()] };
    node.properties.set(name, [...(node.properties.get(name) ?? []), schema]);
    if (nodes.every(({ required }) => required.has(name))) node.required.add(name);
  }
  return true;
}

function addKeyword(name: string, value: JsonValue, node: OpenNode): void {
  switch (name) {
    case '$ref':
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
      return;
    case 'properties':
      for (const [property, schema] of Object.entries(isObject(value) ? value : {})) {
        node.properties.set(property, [...(node.properties.get(property) ?? []), schema]);
      }
      return;
    case 'required':
      for (const property of Array.isArray(value) ? value : []) node.required.add(String(property));
      return;
    case 'type':
      addType(value, node);
      return;
    case 'nullable':
      node.isNullable ||= value === true;
      return;
    default:
      node.keywords.set(name, value);
  }
}

function addType(value: JsonValue, node: OpenNode): void {
  const types = (Array.isArray(value) ? value : [value]).map(String);
  const others = types.filter((type) => type !== 'null');
  if (others.length < types.length) node.isNullable = true;
  if (others.length > 0) node.keywords.set('type', others);
}

function listOf(schema: JsonObject, keyword: string): readonly JsonValue[] {
  const value = memberOf(schema, keyword);
  return Array.isArray(value) ? value : [];
}

/** The schema at a JSON pointer (RFC 6901), or with that anchor, in the document. */
function referenced(reference: string, root: JsonObject): JsonValue {
  const refuse = (why: string) =>
    badEvents(
      `The schema's $ref ${shownText(reference)} ${why}.`,
      'Put what it refers to into the same file, below $defs.',
    );
  if (reference === '#') return root;
  if (!reference.startsWith('#')) throw refuse('leads outside the file');
  if (!reference.startsWith('#/')) {
    const definitions = ['$defs', 'definitions'].map((name) => memberOf(root, name)).filter(isObject);
    const found = definitions
      .flatMap((part) => Object.values(part))
      .find((schema) => isObject(schema) && memberOf(schema, '$anchor') === reference.slice(1));
    if (found === undefined) throw refuse('leads to nothing');
    return found;
  }
  let at: JsonValue = root;
  for (const part of reference.slice(2).split('/')) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    const next: JsonValue | undefined = Array.isArray(at)
      ? at[Number(name)]
      : isObject(at)
        ? memberOf(at, name)
        : null;
    if (next === null || next === undefined) throw refuse('leads to nothing');
    at = next;
  }
  return at;
}
