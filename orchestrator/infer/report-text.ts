import { KAFKA_TS } from '../pipeline/model.ts';
import { userCommand } from '../util/user-command.ts';
import { counted, grouped, type InferredField, type InferredItem, type LeftOut } from './inferred.ts';
import type { NewPipeline } from './new-pipeline.ts';
import type { Outcomes } from './outcomes.ts';
import { skippedText } from './read/read-events.ts';
import { shownText } from './write/yaml-text.ts';

/** More fields than this are told in the contract alone; the text then has the event's own. */
const MOST_FIELDS = 40;

/** A field of the report, with its path: `customer.address`, `lines[]`. */
interface ReportedField {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly presence: string | undefined;
  readonly why: readonly string[];
}

/** What was written and guessed, for people. */
export function reportText(result: NewPipeline): string {
  const { folder, files, event, choices, pipeline } = result;
  const all = reportedFields(event.fields);
  const isLong = all.length > MOST_FIELDS;
  const fields = isLong ? event.fields.flatMap((field) => summary(field)) : all;
  const width = Math.min(40, Math.max(...fields.map(({ path }) => path.length)));
  const typeWidth = Math.max(...fields.map(({ type }) => type.length));
  const fieldLines = fields.map(({ path, type, required, presence, why }) => {
    const facts = [
      required ? 'required' : ['optional', presence && lowered(presence)].filter(Boolean).join(': '),
      ...why.map(lowered),
    ];
    return `  ${path.padEnd(width)}  ${type.padEnd(typeWidth)}  ${facts.join('; ')}`;
  });
  const leftOut = leftOutOf(event.fields, event.leftOut).map(
    ({ name, why }) => `  ${name}  left out: ${why}`,
  );
  const aggregates = pipeline.gold.flatMap(({ measures }) => measures.map(({ name }) => name)).join(', ');
  const choicesText = [
    `  event time  ${choices.eventTime.value}: ${sentence(choices.eventTime.why)}`,
    `  key         ${choices.key.value ?? 'none'}: ${sentence(choices.key.why)}`,
    ...(choices.primaryKey.value === undefined
      ? []
      : [`  primary key ${choices.primaryKey.value}: ${sentence(choices.primaryKey.why)}`]),
    `  gold        ${aggregates}: ${sentence([...choices.group.why, ...choices.measures.why])}`,
  ];
  return [
    `${folder} was written from ${sourceText(result)}: ${files.join(', ')}.`,
    '',
    'Fields',
    ...fieldLines,
    ...leftOut,
    '',
    'Choices',
    ...choicesText,
    '',
    ...notesOf(result),
    ...(result.outcomes ? [outcomesText(result.outcomes)] : []),
    '',
    ...nextSteps(result),
  ].join('\n');
}

/** The same as one JSON document. */
export function reportJson(result: NewPipeline): Readonly<Record<string, unknown>> {
  const { pipeline, folder, files, events, event, choices, outcomes } = result;
  return {
    pipeline: pipeline.name,
    folder,
    files,
    source: {
      name: result.source,
      form: events?.form ?? 'json-schema',
      ...(events && {
        events: events.events.length,
        complete: !events.isCut,
        sampled: result.sampled,
        skipped: events.skipped,
      }),
    },
    fields: reportedFields(event.fields).map(({ path, type, required, presence, why }) => ({
      ...{ field: path, type, required },
      why: [...(presence === undefined ? [] : [presence]), ...why],
    })),
    leftOut: leftOutOf(event.fields, event.leftOut).map(({ name, why }) => ({ field: name, why })),
    eventTime: { field: choices.eventTime.value, why: choices.eventTime.why },
    key: { field: choices.key.value ?? null, why: choices.key.why },
    primaryKey: choices.primaryKey.value ?? null,
    gold: {
      groupBy: pipeline.gold[0]?.groupBy ?? [],
      measures: pipeline.gold[0]?.measures.map(({ name }) => name) ?? [],
      why: [...choices.group.why, ...choices.measures.why],
    },
    notes: notesOf(result),
    ...(outcomes && {
      outcomes: {
        silver: outcomes.silver,
        quarantine: outcomes.quarantine,
        reasons: Object.fromEntries(outcomes.reasons),
        late: outcomes.late,
      },
    }),
  };
}

function sourceText({ events, source }: NewPipeline): string {
  return events ? `${counted(events.events.length, 'event')} of ${source}` : `the JSON Schema ${source}`;
}

const sentence = (why: readonly string[]) => why.map(lowered).join('; ');

/** A sentence as part of another one. Words with further capitals or digits are names. */
function lowered(text: string): string {
  return /^[A-Z][a-z]*\b(?![A-Z0-9])/.test(text) ? `${text[0]?.toLowerCase()}${text.slice(1)}` : text;
}

function reportedFields(fields: readonly InferredField[], above = ''): ReportedField[] {
  return fields.flatMap((field) => reported(`${above}${named(field.name)}`, field));
}

/** A field of the event with the number of those in it. */
function summary(field: InferredField): ReportedField[] {
  const [own, ...inside] = reported(named(field.name), field);
  if (!own) return [];
  const note = inside.length > 0 ? [`${counted(inside.length, 'field')} inside, see the contract`] : [];
  return [{ ...own, why: [...own.why, ...note] }];
}

function reported(path: string, item: InferredItem): ReportedField[] {
  const { required, presence, why, fields, items } = item;
  return [
    { path, type: typeText(item), required, presence, why },
    ...(fields ? reportedFields(fields, `${path}.`) : []),
    ...(items ? reported(`${path}[]`, items) : []),
  ];
}

function typeText({ logicalType, physicalType, epoch, options }: InferredItem): string {
  const format = options?.['format'];
  const notation = epoch ?? (logicalType === 'date' || logicalType === 'timestamp' ? format : undefined);
  return physicalType ?? (notation === undefined ? logicalType : `${logicalType} (${notation})`);
}

const named = (name: string) => (/^[\p{L}\p{N}_$@-]+$/u.test(name) ? name : shownText(name));

function leftOutOf(fields: readonly InferredField[], own: readonly LeftOut[], above = ''): LeftOut[] {
  const inside = (path: string, item: InferredItem): LeftOut[] => [
    ...(item.fields ? leftOutOf(item.fields, item.leftOut ?? [], `${path}.`) : []),
    ...(item.items ? inside(`${path}[]`, item.items) : []),
  ];
  return [
    ...own.map(({ name, why }) => ({ name: `${above}${named(name)}`, why })),
    ...fields.flatMap((field) => inside(`${above}${named(field.name)}`, field)),
  ];
}

function notesOf({ event, events, sampled, outcomes, choices }: NewPipeline): string[] {
  const notes = event.notes.map((note) => `${note}.`);
  if (events && events.skipped.length > 0) {
    notes.push(
      `${counted(events.skipped.length, 'part')} of the file ${events.skipped.length === 1 ? 'is no event and was' : 'are no events and were'} skipped: ${skippedText(events.skipped)}.`,
    );
  }
  if (events?.isCut)
    notes.push(`The file has more than the ${grouped(events.events.length)} events that were read.`);
  if (events && sampled < events.events.length) {
    notes.push(
      `sample.jsonl has the first ${grouped(sampled)} of ${counted(events.events.length, 'event')}.`,
    );
  }
  if (outcomes && outcomes.late > 0 && choices.eventTime.value !== KAFKA_TS) {
    notes.push(
      `${counted(outcomes.late, 'event')} in the file ${outcomes.late === 1 ? 'is' : 'are'} more than 5 minutes behind an earlier one; sent as they are, gold may drop them as late (watermark).`,
    );
  }
  return notes;
}

function outcomesText({ silver, quarantine, reasons }: Outcomes): string {
  const all = silver + quarantine;
  const rows = `${grouped(silver)} of ${counted(all, 'event')} ${silver === 1 ? 'becomes a silver row' : 'become silver rows'}`;
  if (quarantine === 0) return `${rows}.`;
  const list = reasons.map(([reason, count]) => `${reason} ${grouped(count)}`).join(', ');
  return `${rows}; ${grouped(quarantine)} ${quarantine === 1 ? 'goes' : 'go'} to quarantine: ${list}.`;
}

function nextSteps({ folder, pipeline }: NewPipeline): string[] {
  const setting =
    folder === `pipelines/${pipeline.name}` ? pipeline.name : folder.startsWith('/') ? folder : `./${folder}`;
  const shown = /^[\w./-]+$/.test(setting) ? setting : `'${setting.replaceAll("'", "'\\''")}'`;
  return [
    'Every guess is a line of contract.odcs.yaml or pipeline.yml, with its reason: edit what is wrong, then',
    `  ${userCommand('generate', setting === pipeline.name ? '' : shown)}`,
    `  ${userCommand('up', `--pipeline ${shown}`)}`,
  ];
}
