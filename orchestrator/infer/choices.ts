import { foldCase } from '../pipeline/column-name.ts';
import { KAFKA_TS, type MeasureFunction, SILVER_OWN } from '../pipeline/model.ts';
import {
  entityRank,
  eventTimeScore,
  identifierKind,
  isCategory,
  isLabel,
  isMoney,
  isQuantity,
  isReading,
} from './fields/field-names.ts';
import { counted, type InferredEvent, type InferredField, type Seen } from './inferred.ts';

/** One guess of pipeline.yml: a field or none, and why. */
export interface Choice<Value = string | undefined> {
  readonly value: Value;
  readonly why: readonly string[];
}

/** An aggregate of the first gold table. The path leads to a number of silver. */
export interface ChosenMeasure {
  readonly function: MeasureFunction;
  readonly path: readonly string[];
}

/** Everything that pipeline.yml decides about the events. */
export interface Choices {
  readonly eventTime: Choice<string>;
  readonly primaryKey: Choice;
  readonly key: Choice;
  readonly group: Choice;
  readonly measures: Choice<readonly ChosenMeasure[]>;
}

/** What the user named: a field, or undefined where it is to be guessed. */
export interface Named {
  readonly eventTime: string | undefined;
  readonly key: string | undefined;
}

/**
 * Chooses event time, key and a first gold table.
 * @returns the choices, and the event without fields that have the name of a column of silver's own
 */
export function choose(
  inferred: InferredEvent,
  named: Named,
): { readonly event: InferredEvent; readonly choices: Choices } {
  const eventTime = chooseEventTime(inferred.fields, named.eventTime);
  const event = withoutTaken(inferred, eventTime.value);
  const scalars = event.fields.filter(
    ({ logicalType, name }) =>
      logicalType !== 'object' && logicalType !== 'array' && name !== eventTime.value,
  );
  const primary = scalars.find((field) => field.name !== named.key && isPrimaryKey(field));
  const primaryKey = primary?.name;
  const others = scalars.filter(({ name }) => name !== primaryKey);
  const key =
    named.key === undefined ? chooseKey(others, primaryKey) : { value: named.key, why: ['As --key says'] };
  const group = chooseGroup(others, key.value);
  const numbers = event.fields.filter(
    ({ name }) => name !== primaryKey && name !== key.value && name !== group.value,
  );
  return {
    event,
    choices: {
      eventTime,
      primaryKey: { value: primaryKey, why: [whyPrimary(primary)] },
      key,
      group,
      measures: chooseMeasures(numbers),
    },
  };
}

function whyPrimary(field: InferredField | undefined): string {
  if (!field) return 'No identifier has another value in every event';
  return field.seen ? 'every value is different' : 'guessed by its name';
}

/** Silver has no column for the field of the event time, whose name may therefore be `event_time`. */
function withoutTaken(event: InferredEvent, eventTime: string): InferredEvent {
  const isTaken = ({ name }: InferredField) =>
    (name !== eventTime || name === KAFKA_TS) && SILVER_OWN.some((column) => column.name === foldCase(name));
  const taken = event.fields
    .filter(isTaken)
    .map(({ name }) => ({ name, why: `silver has a column ${foldCase(name)} of its own` }));
  return {
    ...event,
    fields: event.fields.filter((field) => !isTaken(field)),
    leftOut: [...event.leftOut, ...taken],
  };
}

/** A constant time, such as that of an export, says little about the event. */
const CONSTANT_PENALTY = 60;

function chooseEventTime(fields: readonly InferredField[], named: string | undefined): Choice<string> {
  if (named !== undefined) return { value: named, why: ['As --event-time says'] };
  const times = fields.filter(({ logicalType }) => logicalType === 'timestamp');
  const scored = times
    .filter(({ name, required }) => required && name.toLowerCase() !== KAFKA_TS)
    .map((field) => ({ field, score: scoreOf(field) }))
    .sort((one, other) => other.score - one.score);
  const [best, ...others] = scored;
  if (best) {
    const rest = others.map(({ field }) => field.name).join(', ');
    return {
      value: best.field.name,
      why: [
        `${best.field.name} is in every event${best.score >= 40 ? ', and its name is that of an event time' : ''}`,
        ...(rest === '' ? [] : [`Other times in every event: ${rest}`]),
      ],
    };
  }
  const optional = times.map(({ name }) => name).join(', ');
  const dates = fields.filter(({ logicalType }) => logicalType === 'date').map(({ name }) => name);
  const lacking =
    optional !== ''
      ? [
          `Not every event has ${optional}: make it required and name it here, and events without it go to quarantine`,
        ]
      : dates.length > 0
        ? [`${dates.join(', ')} has no time of day`]
        : [];
  return {
    value: KAFKA_TS,
    why: ["No time is in every event: the record's own time in Kafka counts", ...lacking],
  };
}

function scoreOf({ name, seen }: InferredField): number {
  const isConstant = seen !== undefined && seen.distinct === 1 && seen.count > 10;
  return (eventTimeScore(name) || 30) - (isConstant ? CONSTANT_PENALTY : 0);
}

const isWhole = ({ logicalType }: InferredField) => logicalType === 'string' || logicalType === 'integer';

/** All values are different, and the name is that of an identifier of the event. */
function isPrimaryKey(field: InferredField): boolean {
  const { name, required, seen } = field;
  if (!required || !isWhole(field) || identifierKind(name) !== 'id') return false;
  return seen === undefined
    ? /^(id|uuid|guid|event_?id)$/i.test(name)
    : seen.count > 1 && seen.distinct === seen.count;
}

const repeats = ({ count, distinct }: Seen) => distinct > 1 && distinct < count;

function chooseKey(fields: readonly InferredField[], primaryKey: string | undefined): Choice {
  const candidates = fields
    .filter((field) => isWhole(field) && identifierKind(field.name) !== undefined)
    .filter(
      ({ name, required, seen }) =>
        (seen === undefined && required) ||
        (seen && repeats(seen)) ||
        (identifierKind(name) === 'entity' && (seen?.distinct ?? 0) > 1),
    )
    .map((field, at) => ({ field, score: keyScore(field), at }))
    .sort((one, other) => other.score - one.score || one.at - other.at);
  const [best] = candidates;
  if (!best) {
    const unique = primaryKey === undefined ? [] : [`${primaryKey} has another value in every event`];
    return {
      value: undefined,
      why: ['No identifier occurs in several events, so that records have no key', ...unique],
    };
  }
  const { name, seen } = best.field;
  const values =
    seen === undefined
      ? 'by its name'
      : `${counted(seen.distinct, 'value')} in ${counted(seen.count, 'event')}`;
  return { value: name, why: [`Records with the same ${name} stay in order (${values})`] };
}

function keyScore({ name, required, seen }: InferredField): number {
  const kind = identifierKind(name) === 'entity' ? 150 - 2 * entityRank(name) : 0;
  return kind + (required ? 200 : 0) + (seen === undefined || repeats(seen) ? 60 : 0);
}

/** More groups than this are no overview. */
const MOST_GROUPS = 50;

function chooseGroup(fields: readonly InferredField[], key: string | undefined): Choice {
  const keyField = fields.find(({ name }) => name === key);
  const whyKey = [`By ${key}, the key`];
  if (
    keyField?.seen === undefined ? keyField : repeats(keyField.seen) && keyField.seen.distinct <= MOST_GROUPS
  ) {
    return { value: key, why: whyKey };
  }
  const categories = fields
    .filter(({ logicalType, name }) => logicalType === 'string' && identifierKind(name) === undefined)
    .filter(({ name, seen }) =>
      seen === undefined
        ? isCategory(name)
        : seen.distinct > 1 && seen.distinct <= 20 && seen.count >= 3 * seen.distinct,
    )
    .map((field, at) => ({ field, at, score: (field.required ? 2 : 0) + (isCategory(field.name) ? 1 : 0) }))
    .sort((one, other) => other.score - one.score || one.at - other.at);
  const best = categories[0]?.field;
  if (best) {
    const values = best.seen === undefined ? '' : `, which has ${best.seen.distinct} different values`;
    return { value: best.name, why: [`By ${best.name}${values}`] };
  }
  return keyField
    ? { value: key, why: whyKey }
    : { value: undefined, why: ['Of all events: nothing divides them into groups'] };
}

function chooseMeasures(fields: readonly InferredField[]): Choice<readonly ChosenMeasure[]> {
  const numbers = fields.flatMap((field) => numbersIn(field, []));
  const best = numbers
    .map((number, at) => ({ ...number, at }))
    .sort((one, other) => other.score - one.score || one.at - other.at)[0];
  if (!best) return { value: [], why: ['No number of silver is to be added up'] };
  const functions: MeasureFunction[] = best.isReading ? ['min', 'avg', 'max'] : ['sum', 'avg', 'max'];
  return {
    value: functions.map((name) => ({ function: name, path: best.path })),
    why: [`${best.path.join('.')} is the plainest number`],
  };
}

/** Numbers of a field, and of objects in it; those in arrays are no columns of silver. */
function numbersIn(
  field: InferredField,
  above: readonly string[],
): { readonly path: readonly string[]; readonly score: number; readonly isReading: boolean }[] {
  const { name, logicalType, required, physicalType } = field;
  const path = [...above, name];
  if (logicalType === 'object') return (field.fields ?? []).flatMap((inner) => numbersIn(inner, path));
  if (logicalType !== 'integer' && logicalType !== 'number') return [];
  if (identifierKind(name) === 'id' || (isLabel(name) && !isMoney(name))) return [];
  const known = isMoney(name) ? 100 : isQuantity(name) ? 60 : physicalType ? 50 : isReading(name) ? 40 : 30;
  // A number in an object is chosen only where its name says what it is, and it is always there.
  if (above.length > 0 && (known < 60 || !required)) return [];
  const score = known + (required ? 5 : 0) - 20 * above.length;
  return [{ path, score, isReading: isReading(name) && !isMoney(name) }];
}
