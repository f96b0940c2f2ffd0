import { COLUMN_NAME_FORM, foldCase, isColumnName } from '../column-name.ts';
import type { Field, Item, Type } from '../model.ts';
import { parseYaml, type Refusals, type YamlValue } from '../yaml-source.ts';
import { readConstraints, readScalarType } from './field-types.ts';
import {
  customProperty,
  KEPT_OF_ELEMENT,
  libraryRules,
  type PropertyMembers,
  propertyMembers,
} from './property.ts';

/** The part of an Open Data Contract Standard document that is executed. */
export interface Contract {
  readonly fields: readonly Field[];
  /**
   * Where the name of a top-level field stands, for refusals that also depend on the other file.
   */
  readonly namePlaces: ReadonlyMap<string, YamlValue>;
  /** Names of the top-level fields that identify an event together. */
  readonly primaryKey: ReadonlySet<string>;
}

export const LOGICAL_TYPES = [
  'string',
  'integer',
  'number',
  'boolean',
  'date',
  'timestamp',
  'object',
  'array',
] as const;
/** Deeper nesting is refused because types are walked by recursion, in Python as well. */
export const MAX_DEPTH = 10;

/** The keys of an ODCS contract. All but the first three are for people and other tools. */
export const CONTRACT_KEYS = [
  'kind',
  'apiVersion',
  'schema',
  'version',
  'id',
  'name',
  'tenant',
  'tags',
  'status',
  'servers',
  'dataProduct',
  'description',
  'domain',
  'support',
  'price',
  'team',
  'roles',
  'slaDefaultElement',
  'slaProperties',
  'authoritativeDefinitions',
  'customProperties',
  'contractCreatedTs',
] as const;

/**
 * Reads the fields of an event from an ODCS 3.1 document.
 * @param file its path as refusals show it
 * @param topic the topic of pipeline.yml, which a `physicalName` of the schema object has to equal
 */
export function readContract(
  file: string,
  text: string,
  topic: string | undefined,
  refusals: Refusals,
): Contract | undefined {
  return refusals.attempt(() => {
    const contract = parseYaml(file, text).members(CONTRACT_KEYS);
    refusals.attempt(() => contract.required('kind').oneOf(['DataContract']));
    refusals.attempt(() => contract.required('apiVersion').oneOf(['v3.1.0']));
    const schema = contract.required('schema');
    const objects = schema.list();
    const [object] = objects;
    if (!object || objects.length > 1) {
      return (objects[1] ?? schema).refuse(
        `the schema has ${objects.length} objects`,
        'one, the event of the topic',
      );
    }
    return readObject(object, topic, refusals);
  });
}

/** The keys of the schema object, which is the event. */
export const OBJECT_KEYS = [
  'name',
  'physicalName',
  'physicalType',
  'logicalType',
  'properties',
  'quality',
  'customProperties',
  'dataGranularityDescription',
  ...KEPT_OF_ELEMENT,
] as const;

function readObject(object: YamlValue, topic: string | undefined, refusals: Refusals): Contract {
  const members = object.members(OBJECT_KEYS);
  refusals.attempt(() => members.required('physicalType').oneOf(['topic']));
  refusals.attempt(() => members.get('logicalType')?.oneOf(['object']));
  refusals.attempt(() => {
    const name = members.get('physicalName');
    if (name === undefined || topic === undefined || name.text() === topic) return;
    name.refuse(`${name.shown} is not the topic of pipeline.yml`, topic);
  });
  refusals.attempt(() => {
    const quality = members.get('quality');
    if (libraryRules(quality).length > 0)
      quality?.refuse('a quality rule of all fields', 'rules of type text here, valid values at a property');
  });
  const properties = members.required('properties');
  const namePlaces = properties.list().flatMap((property) => {
    const name = property.isMap ? property.entries().get('name')?.value : undefined;
    return name?.isText ? [[name.text(), name] as const] : [];
  });
  const primaryKey = refusals.each(properties.list(), (property) => {
    const members = property.isMap ? property.entries() : undefined;
    const isKey = members?.get('primaryKey')?.value;
    return isKey && !isKey.isNull && isKey.boolean() ? (members?.get('name')?.value.text() ?? '') : '';
  });
  return {
    fields: readFields(properties, refusals, 1),
    namePlaces: new Map(namePlaces),
    primaryKey: new Set(primaryKey.filter((name) => name !== '')),
  };
}

/**
 * Reads the properties of the event, or of an object in it. Spark does not distinguish names that
 * differ only in case.
 */
function readFields(properties: YamlValue, refusals: Refusals, depth: number): Field[] {
  const items = properties.list('a list of properties');
  if (items.length === 0) properties.refuse('there are no properties', 'one or more');
  const names = new Map<string, string>();
  return refusals.each(items, (property) => {
    const members = propertyMembers(property);
    const name = members.required('name');
    const text = readName(name);
    const other = names.get(foldCase(text));
    if (other !== undefined) {
      const as = other === text ? '' : ` (as ${other})`;
      name.refuse(`${text} is there twice${as}`, 'names that differ by more than upper and lower case');
    }
    names.set(foldCase(text), text);
    return { name: text, ...readItem(property, members, refusals, depth) };
  });
}

/** A name that can be a column's. @throws Refusal */
export function readName(value: YamlValue): string {
  const text = value.text(COLUMN_NAME_FORM);
  return isColumnName(text) ? text : value.refuse(`${value.shown} is no name of a column`, COLUMN_NAME_FORM);
}

function readItem(place: YamlValue, members: PropertyMembers, refusals: Refusals, depth: number): Item {
  if (depth > MAX_DEPTH) place.refuse('objects and arrays are nested too deeply', `${MAX_DEPTH} levels`);
  const required = members.get('required')?.boolean() ?? false;
  const unique = members.get('unique');
  if (unique?.boolean()) unique.refuse('that values are unique is not checked', 'false');
  const physicalName = members.get('physicalName');
  const name = members.get('name')?.text();
  if (physicalName && physicalName.text() !== name) {
    physicalName.refuse(
      `${physicalName.shown} is another name than the property's`,
      name ?? 'no physicalName',
    );
  }
  const type = readType(place, members, refusals, depth);
  return { required, type, constraints: readConstraints(type, members) };
}

function readType(place: YamlValue, members: PropertyMembers, refusals: Refusals, depth: number): Type {
  const logicalType = members.required('logicalType').oneOf(LOGICAL_TYPES);
  const refuse = (value: YamlValue | undefined, of: string) => {
    value?.refuse(`of a property of logicalType ${logicalType}`, `of ${of} alone`);
  };
  if (logicalType !== 'object') refuse(members.get('properties'), 'an object');
  if (logicalType !== 'array') refuse(members.get('items'), 'an array');
  if (logicalType !== 'timestamp') refuse(customProperty(members, 'epoch'), 'a timestamp');
  if (logicalType === 'object') {
    members.get('physicalType')?.oneOf(['object']);
    const properties =
      members.get('properties') ?? place.refuse('the object has no properties', 'a list of properties');
    return { kind: 'object', fields: withRequired(readFields(properties, refusals, depth + 1), members) };
  }
  if (logicalType === 'array') {
    members.get('physicalType')?.oneOf(['array']);
    const items = members.get('items') ?? place.refuse('the array has no items', 'items with a logicalType');
    return { kind: 'array', items: readItem(items, propertyMembers(items), refusals, depth + 1) };
  }
  return readScalarType(logicalType, members);
}

/** ODCS also allows an object to list its required properties. */
function withRequired(fields: readonly Field[], members: PropertyMembers): Field[] {
  const listed = members.get('logicalTypeOptions')?.members(['required']).get('required')?.list() ?? [];
  const names = listed.map((value) => value.oneOf(fields.map(({ name }) => name)));
  return fields.map((field) => (names.includes(field.name) ? { ...field, required: true } : field));
}
