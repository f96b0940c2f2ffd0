import { foldCase } from '../../pipeline/column-name.ts';
import { MAX_DEPTH } from '../../pipeline/contract/contract.ts';
import { type JsonObject, type JsonValue, numberText } from '../../verify/oracle/json-value.ts';
import { nameRefusal, TOO_DEEP } from '../fields/infer-fields.ts';
import type { InferredEvent, InferredField, InferredItem, LeftOut } from '../inferred.ts';
import { badEvents } from '../read/read-input.ts';
import { mergeSchemas, RECURSIVE, type SchemaNode } from './schema-node.ts';
import { scalarOf } from './schema-scalar.ts';

/** Keywords of objects that nothing of the contract can express. */
const OBJECT_KEYWORDS = [
  'anyOf',
  'if',
  'not',
  'dependentRequired',
  'dependentSchemas',
  'minProperties',
  'maxProperties',
];

/**
 * The event of a JSON Schema (2020-12 and earlier).
 * @throws ProductError BAD_EVENTS when it describes no object
 */
export function inferSchema(root: JsonObject): InferredEvent {
  const node = eventNode(root);
  if (node.properties.size === 0) {
    throw badEvents(
      'The JSON Schema describes no object with properties.',
      'The event is an object: type: object, with properties.',
    );
  }
  const { fields, leftOut } = objectOf(node, root, 1);
  if (fields.length === 0) {
    throw badEvents(
      `The contract can have no property of the JSON Schema: ${leftOut[0]?.name}: ${leftOut[0]?.why}.`,
    );
  }
  const isClosed =
    node.keywords.get('additionalProperties') === false ||
    node.keywords.get('unevaluatedProperties') === false;
  return {
    fields,
    leftOut,
    notes: notesOf(node, OBJECT_KEYWORDS),
    // A member that is left out would be an unknown one in every event that has it.
    unknownFields: isClosed && leftOut.length === 0 ? 'quarantine' : 'ignore',
  };
}

/** The schema of one event: of the elements, where the document describes an array. */
function eventNode(root: JsonObject): SchemaNode {
  const node = mergeSchemas([root], root, ['#']);
  if (node === RECURSIVE) throw badEvents('The JSON Schema refers to itself and describes nothing.');
  const items = node.keywords.get('items');
  if (node.properties.size > 0 || items === undefined) return node;
  const element = mergeSchemas([items], root, node.through);
  return element === RECURSIVE ? node : element;
}

function objectOf(
  node: SchemaNode,
  root: JsonObject,
  depth: number,
): { readonly fields: readonly InferredField[]; readonly leftOut: readonly LeftOut[] } {
  const fields: InferredField[] = [];
  const leftOut: LeftOut[] = [];
  for (const [name, schemas] of node.properties) {
    const other = fields.find((field) => foldCase(field.name) === foldCase(name));
    const item =
      nameRefusal(name) ??
      (other
        ? `it differs from ${other.name} only in upper and lower case`
        : itemOf(name, schemas, node, root, depth));
    if (typeof item === 'string') {
      leftOut.push({ name, why: item });
      continue;
    }
    const required = node.required.has(name) && item.required;
    const why = node.required.has(name) && !item.required ? ['Not required, because it can be null'] : [];
    fields.push({ ...item, name, required, why: [...why, ...item.why] });
  }
  return { fields, leftOut };
}

/** @returns the item, required unless it can be null; a reason when the contract cannot have it */
function itemOf(
  name: string,
  schemas: readonly JsonValue[],
  above: SchemaNode,
  root: JsonObject,
  depth: number,
): InferredItem | string {
  const node = mergeSchemas(schemas, root, above.through);
  if (node === RECURSIVE) return RECURSIVE;
  const required = !node.isNullable && !allowsNull(node);
  const description = node.keywords.get('description') ?? node.keywords.get('title');
  const text =
    typeof description === 'string' && description.trim() !== '' ? { description: description.trim() } : {};
  const types = typesOf(node);
  const [type] = types;
  const inside = (item: InferredItem | string) =>
    typeof item === 'string' ? item : { ...item, ...text, required, why: [...item.why] };
  if (types.length === 1 && (type === 'object' || type === 'array')) {
    if (depth >= MAX_DEPTH) return TOO_DEEP;
    return inside(type === 'object' ? objectItem(node, root, depth) : arrayItem(name, node, root, depth));
  }
  return inside(scalarOf(name, types, node.keywords));
}

function objectItem(node: SchemaNode, root: JsonObject, depth: number): InferredItem | string {
  const { fields, leftOut } = objectOf(node, root, depth + 1);
  if (fields.length === 0) return leftOut[0]?.why ?? 'the schema does not name the members of the object';
  return { logicalType: 'object', required: true, fields, leftOut, why: notesOf(node, OBJECT_KEYWORDS) };
}

function arrayItem(name: string, node: SchemaNode, root: JsonObject, depth: number): InferredItem | string {
  const items = node.keywords.get('items');
  if (node.keywords.has('prefixItems') || Array.isArray(items))
    return 'its elements have a schema for each place';
  if (items === undefined || items === true) return 'the schema does not describe its elements';
  const item = itemOf(name, [items], node, root, depth + 1);
  if (typeof item === 'string') return item;
  const limits = ['minItems', 'maxItems'].flatMap((keyword) => {
    const limit = numberText(node.keywords.get(keyword) ?? null);
    return limit !== undefined && /^\d{1,9}$/.test(limit) ? [[keyword, Number(limit)] as const] : [];
  });
  const why = notesOf(node, [
    'contains',
    'minContains',
    'maxContains',
    ...(node.keywords.get('uniqueItems') === true ? ['uniqueItems'] : []),
  ]);
  const options = limits.length > 0 ? { options: Object.fromEntries(limits) } : {};
  return { logicalType: 'array', required: true, items: item, ...options, why };
}

/** The JSON types of a value: as declared, or as its other keywords tell. */
function typesOf({ keywords, properties }: SchemaNode): readonly string[] {
  const declared = keywords.get('type');
  if (Array.isArray(declared)) return declared.map(String);
  if (properties.size > 0) return ['object'];
  if (keywords.has('items') || keywords.has('prefixItems')) return ['array'];
  return [];
}

function allowsNull({ keywords }: SchemaNode): boolean {
  const values = keywords.get('enum');
  return Array.isArray(values) && values.includes(null);
}

function notesOf({ keywords }: SchemaNode, known: readonly string[]): string[] {
  const found = known.filter((keyword) => keywords.has(keyword));
  return found.length === 0
    ? []
    : [`Of the schema, ${found.join(', ')} ${found.length === 1 ? 'is' : 'are'} not executed`];
}
