import { isPlainName, pathText } from '../../pipeline/column-name.ts';
import type { Expr, MeasureFunction } from '../../pipeline/model.ts';
import { printExpression, printMeasure } from '../../pipeline/sql/sql-check.ts';
import type { Choices, ChosenMeasure } from '../choices.ts';
import { wordsOf } from '../fields/field-names.ts';
import type { InferredEvent, InferredField } from '../inferred.ts';
import type { ContractHead } from './contract-text.ts';
import { comment, yamlExpression, yamlText } from './yaml-text.ts';

/** The partitions of a topic that is created. */
const PARTITIONS = 3;
const WATERMARK = '5 minutes';
const WINDOW = '1 minute';

/** The text of pipeline.yml, with a comment for every choice. */
export function pipelineFileText(
  event: InferredEvent,
  choices: Choices,
  { topic, schemas, generate }: Pick<ContractHead, 'topic' | 'schemas' | 'generate'>,
): string {
  const { eventTime, key, group } = choices;
  const keyPart = key.value === undefined ? '' : `, key: ${yamlText(key.value)}`;
  const source = `source: { topic: ${yamlText(topic)}, partitions: ${PARTITIONS}${keyPart} }`;
  return [
    `# yaml-language-server: $schema=${schemas}/pipeline.schema.json`,
    '# What is done with the events of contract.odcs.yaml. See docs/pipelines.md.',
    `# After a change: ${generate}.`,
    'contract: contract.odcs.yaml',
    '',
    ...comment(key.why, ''),
    source,
    '',
    ...comment([...eventTime.why, `Events may come ${WATERMARK} late and still count in gold`], ''),
    `event_time: { field: ${yamlText(eventTime.value)}, watermark: ${WATERMARK} }`,
    '',
    ...comment(
      [
        `Members of an event that the contract does not have: ${event.unknownFields === 'ignore' ? 'ignore them, or quarantine the event' : 'the schema forbids them'}`,
      ],
      '',
    ),
    `unknown_fields: ${event.unknownFields}`,
    '',
    ...expectationLines(event.fields),
    '',
    '# raw_csv has every scalar field; `raw_csv: { columns: […] }` would choose some of them.',
    '',
    ...comment([...group.why, ...choices.measures.why, `Windows of ${WINDOW}; more tables can follow`], ''),
    'gold:',
    '  - name: gold',
    ...(group.value === undefined ? [] : [`    group_by: [${yamlText(group.value)}]`]),
    `    window: ${WINDOW}`,
    '    measures:',
    ...measureLines(choices).map((line) => `      ${line}`),
    '',
  ].join('\n');
}

/** Texts that are the field's own name are no values. Other types refuse them by themselves. */
function expectationLines(fields: readonly InferredField[]): string[] {
  const intro = [
    "# Conditions over silver's columns. A row for which one is false is counted (expect) or goes to",
    '# quarantine (expect_or_quarantine).',
  ];
  const slipped = fields.filter(
    ({ logicalType, seen }) => logicalType === 'string' && seen && seen.header.length > 0,
  );
  if (slipped.length === 0) {
    return [...intro, 'expectations:', '  expect: {}', '  expect_or_quarantine: {}'];
  }
  const taken = new Set<string>();
  const rules = slipped.map(({ name, seen }) => {
    const conditions = (seen?.header ?? []).map(
      (value): Expr => ({
        op: '<>',
        args: [
          { op: 'column', name: pathText([name]) },
          { op: 'literal', type: 'string', value },
        ],
      }),
    );
    const [first] = conditions;
    const condition: Expr = conditions.length > 1 || !first ? { op: 'and', args: conditions } : first;
    const rule = freeName(`no_header_in_${identifier(name)}`, taken);
    return `    ${rule}: ${yamlExpression(printExpression(condition))}`;
  });
  return [
    ...intro,
    'expectations:',
    '  expect: {}',
    '  expect_or_quarantine:',
    '    # A header that slipped in as a record is no event.',
    ...rules,
  ];
}

function measureLines({ group, measures }: Choices): string[] {
  const taken = new Set(['window_start', 'window_end', group.value?.toLowerCase() ?? '']);
  const line = (name: string, aggregate: MeasureFunction, path: readonly string[] | undefined) => {
    const argument: Expr | null = path ? { op: 'column', name: pathText(path) } : null;
    return `${freeName(name, taken)}: ${yamlExpression(printMeasure({ function: aggregate, argument }))}`;
  };
  return [
    line('events', 'count', undefined),
    ...measures.value.map((measure: ChosenMeasure) =>
      line(`${measure.function}_${identifier(measure.path.at(-1) ?? '')}`, measure.function, measure.path),
    ),
  ];
}

/** A name of letters, digits and `_` after a field's name. */
function identifier(name: string): string {
  if (isPlainName(name)) return name;
  const words = wordsOf(name)
    .map((word) => word.replace(/[^a-z0-9]/g, ''))
    .filter((word) => word !== '');
  return words.join('_') || 'value';
}

/** The name, or with a number behind it where it is taken. It is taken afterwards. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free.toLowerCase()); count += 1) free = `${name}_${count}`;
  taken.add(free.toLowerCase());
  return free;
}
