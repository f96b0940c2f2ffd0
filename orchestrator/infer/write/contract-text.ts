import type { Choice } from '../choices.ts';
import type { InferredEvent, InferredField, InferredItem, LeftOut } from '../inferred.ts';
import { comment, shownText, yamlText } from './yaml-text.ts';

/** What heads a contract. */
export interface ContractHead {
  readonly name: string;
  readonly topic: string;
  /** Where the contract comes from: `200 events of orders.jsonl`. */
  readonly origin: string;
  /** The path from the pipeline's folder to that of the JSON Schemas. */
  readonly schemas: string;
  /** The command that resolves the pipeline again. */
  readonly generate: string;
  readonly primaryKey: Choice;
}

/** The text of contract.odcs.yaml, in the Open Data Contract Standard 3.1. */
export function contractText(event: InferredEvent, head: ContractHead): string {
  const { name, topic, origin, schemas, generate, primaryKey } = head;
  const properties = event.fields.flatMap((field) => [
    '',
    ...propertyLines(field, '      ', field.name === primaryKey.value ? primaryKey.why : undefined),
  ]);
  return [
    `# yaml-language-server: $schema=${schemas}/contract.schema.json`,
    ...comment([`What an event of the topic is, guessed from ${origin}`], ''),
    '# Format: https://bitol-io.github.io/open-data-contract-standard. docs/pipelines.md lists the keys',
    `# that are executed. After a change: ${generate}.`,
    'apiVersion: v3.1.0',
    'kind: DataContract',
    `id: ${yamlText(name)}`,
    `name: ${yamlText(name)}`,
    'version: 1.0.0',
    'status: draft',
    '',
    'schema:',
    `  - name: ${yamlText(name)}`,
    `    physicalName: ${yamlText(topic)}`,
    '    physicalType: topic',
    ...comment(event.notes, '    '),
    '    properties:',
    ...properties.slice(1),
    ...leftOutLines(event.leftOut, '      '),
    '',
  ].join('\n');
}

function propertyLines(
  field: InferredField,
  indent: string,
  primaryKey: readonly string[] | undefined,
): string[] {
  const inner = `${indent}  `;
  return [
    ...comment([...(field.presence === undefined ? [] : [field.presence]), ...field.why], indent),
    `${indent}- name: ${yamlText(field.name)}`,
    ...itemLines(field, inner, primaryKey),
  ];
}

function itemLines(item: InferredItem, indent: string, primaryKey: readonly string[] | undefined): string[] {
  const { logicalType, physicalType, epoch, required, options, validValues, description, suggestion } = item;
  return [
    `${indent}logicalType: ${logicalType}`,
    ...(physicalType ? [`${indent}physicalType: ${physicalType}`] : []),
    ...(required ? [`${indent}required: true`] : []),
    ...(primaryKey ? [`${indent}primaryKey: true # ${primaryKey.join('; ')}`] : []),
    ...(description ? [`${indent}description: ${yamlText(description)}`] : []),
    ...(options ? [`${indent}logicalTypeOptions: ${flowMapping(options)}`] : []),
    ...(epoch ? [`${indent}customProperties: [{ property: epoch, value: ${epoch} }]`] : []),
    ...(validValues ? [`${indent}quality: [${validValuesRule(item, validValues)}]`] : []),
    ...(suggestion ? [`${indent}# ${suggestion}`] : []),
    ...insideLines(item, indent),
  ];
}

function insideLines({ fields, leftOut = [], items }: InferredItem, indent: string): string[] {
  const inner = `${indent}  `;
  if (items) {
    return [`${indent}items:`, ...comment(items.why, inner), ...itemLines(items, inner, undefined)];
  }
  if (!fields) return [];
  return [
    `${indent}properties:`,
    ...fields.flatMap((field) => propertyLines(field, inner, undefined)),
    ...leftOutLines(leftOut, inner),
  ];
}

function leftOutLines(leftOut: readonly LeftOut[], indent: string): string[] {
  return leftOut.flatMap(({ name, why }) =>
    comment([`Left out: ${shownText(name)}, because ${why}`], indent),
  );
}

const flowMapping = (options: Readonly<Record<string, string | number>>): string =>
  `{ ${Object.entries(options)
    .map(([name, value]) => `${name}: ${typeof value === 'number' ? value : yamlText(value)}`)
    .join(', ')} }`;

function validValuesRule({ logicalType }: InferredItem, values: readonly string[]): string {
  const isText = logicalType === 'string' || logicalType === 'date' || logicalType === 'timestamp';
  const list = values.map((value) => (isText ? yamlText(value) : value)).join(', ');
  return `{ metric: invalidValues, mustBe: 0, arguments: { validValues: [${list}] } }`;
}
