import type { YamlMembers, YamlValue } from '../yaml-source.ts';

/** What ODCS has for people and other tools, of a schema object and of a property. It stays in the file and is not executed. */
export const KEPT_OF_ELEMENT = [
  'id',
  'description',
  'businessName',
  'authoritativeDefinitions',
  'tags',
  'relationships',
] as const;

const KEPT_OF_PROPERTY = [
  ...KEPT_OF_ELEMENT,
  'primaryKey',
  'primaryKeyPosition',
  'classification',
  'criticalDataElement',
  'encryptedName',
  'examples',
  'partitioned',
  'partitionKeyPosition',
  'transformSourceObjects',
  'transformLogic',
  'transformDescription',
] as const;

const EXECUTED_OF_PROPERTY = [
  'name',
  'logicalType',
  'logicalTypeOptions',
  'physicalType',
  'physicalName',
  'required',
  'unique',
  'quality',
  'properties',
  'items',
  'customProperties',
] as const;

type PropertyKey = (typeof EXECUTED_OF_PROPERTY)[number] | (typeof KEPT_OF_PROPERTY)[number];

/** The members of a property of the contract, or of the items of an array. */
export type PropertyMembers = YamlMembers<PropertyKey>;

/** @throws Refusal for a key that ODCS does not have */
export function propertyMembers(property: YamlValue): PropertyMembers {
  return property.members<PropertyKey>([...EXECUTED_OF_PROPERTY, ...KEPT_OF_PROPERTY]);
}

/** The value of a custom property; undefined when the property does not have it. */
export function customProperty(members: PropertyMembers, name: string): YamlValue | undefined {
  for (const entry of members.get('customProperties')?.list() ?? []) {
    const { get, required } = entry.members(['id', 'property', 'value', 'description']);
    if (required('property').text() === name)
      return get('value') ?? entry.refuse(`${name} has no value`, 'a value');
  }
  return undefined;
}

/** The rules of a `quality` list that are executed. Rules of type `text` are for people. @throws Refusal for any other rule */
export function libraryRules(quality: YamlValue | undefined): QualityRule[] {
  return (quality?.list() ?? []).flatMap((rule) => {
    const entries = rule.entries();
    const type = entries.get('type')?.value;
    if (type?.oneOf(['text', 'library']) === 'text') return [];
    const metric =
      entries.get('metric')?.value ?? rule.refuse('a quality rule has no metric', 'metric: invalidValues');
    metric.oneOf(['invalidValues']);
    return [rule.members(RULE_KEYS)];
  });
}

const RULE_KEYS = [
  'metric',
  'arguments',
  'mustBe',
  'id',
  'type',
  'name',
  'description',
  'dimension',
  'severity',
  'businessImpact',
  'unit',
  'tags',
  'authoritativeDefinitions',
  'customProperties',
] as const;

export type QualityRule = YamlMembers<(typeof RULE_KEYS)[number]>;
