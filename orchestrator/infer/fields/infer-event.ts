import { type JsonObject, memberOf } from '../../verify/oracle/json-value.ts';
import { counted, grouped, type InferredEvent } from '../inferred.ts';
import { shownText } from '../write/yaml-text.ts';
import { inferObject } from './infer-fields.ts';

/** Fewer events do not show which of them are odd. */
const LEAST_EVENTS = 20;
/** A member that nearly all events have. */
const COMMON_SHARE = 0.95;
/** More odd events than this are a shape of their own. */
const ODD_SHARE = 0.05;
/** So many shapes are worth telling. */
const MOST_SHAPES = 6;

/** Decisions that a user has made for the inference. */
export interface InferenceOptions {
  /** The field of the event time, or `kafka_ts`. */
  readonly eventTime: string | undefined;
}

/** The event that the contract is to describe, inferred from events. */
export function inferEvent(events: readonly JsonObject[], options: InferenceOptions): InferredEvent {
  const odd = oddEvents(events);
  const regular = odd.size === 0 ? events : events.filter((event) => !odd.has(event));
  const { fields, leftOut } = inferObject(regular, {
    depth: 1,
    events: regular.length,
    noun: 'event',
    forcedTime: options.eventTime,
  });
  const oddNote =
    odd.size === 0
      ? []
      : [
          `${counted(odd.size, 'event')} of ${grouped(events.length)} ${odd.size === 1 ? 'has' : 'have'} hardly a member in common with the others, and nothing was inferred from ${odd.size === 1 ? 'it' : 'them'}`,
        ];
  return {
    fields,
    leftOut,
    notes: [...oddNote, ...shapesOf(regular)],
    unknownFields: 'ignore',
    events: events.length,
  };
}

/**
 * Events that lack most of the members that nearly all events have, such as a message of another
 * system.
 */
function oddEvents(events: readonly JsonObject[]): ReadonlySet<JsonObject> {
  if (events.length < LEAST_EVENTS) return new Set();
  const counts = new Map<string, number>();
  for (const event of events) {
    for (const name of Object.keys(event)) {
      if (event[name] !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const common = [...counts]
    .filter(([, count]) => count >= events.length * COMMON_SHARE)
    .map(([name]) => name);
  const odd = events.filter((event) => {
    const lacking = common.filter((name) => memberOf(event, name) === null).length;
    return lacking >= 2 && lacking * 2 >= common.length;
  });
  return new Set(odd.length <= events.length * ODD_SHARE ? odd : []);
}

/** The sets of members that the events have, when they are a few. */
function shapesOf(events: readonly JsonObject[]): string[] {
  const shapes = new Map<string, { count: number; names: readonly string[] }>();
  for (const event of events) {
    const names = Object.keys(event).filter((name) => event[name] !== null);
    const key = JSON.stringify(names.toSorted());
    const shape = shapes.get(key);
    if (shape) shape.count += 1;
    else shapes.set(key, { count: 1, names });
  }
  if (shapes.size < 2 || shapes.size > MOST_SHAPES) return [];
  const list = [...shapes.values()].sort((one, other) => other.count - one.count);
  const text = ({ count, names }: { count: number; names: readonly string[] }) => {
    const shown = names.slice(0, 8).map((name) => (/^\w+$/.test(name) ? name : shownText(name)));
    return `${grouped(count)} with ${shown.join(', ') || 'no members'}${names.length > 8 ? ', …' : ''}`;
  };
  return [`The events have ${shapes.size} shapes: ${list.map(text).join('; ')}`];
}
