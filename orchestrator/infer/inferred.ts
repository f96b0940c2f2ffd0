import type { EpochUnit } from '../pipeline/model.ts';

/** A value of the event as the contract will describe it, with what the events say about it. */
export interface InferredItem {
  readonly logicalType:
    | 'string'
    | 'integer'
    | 'number'
    | 'boolean'
    | 'date'
    | 'timestamp'
    | 'object'
    | 'array';
  /** `decimal(p,s)` of an exact number. */
  readonly physicalType?: string;
  /** The unit of a timestamp that is a number. */
  readonly epoch?: EpochUnit;
  /** `logicalTypeOptions` of ODCS. */
  readonly options?: Readonly<Record<string, string | number>>;
  /** The values that a JSON Schema allows. */
  readonly validValues?: readonly string[];
  /** Texts for people that a JSON Schema has. */
  readonly description?: string;
  readonly required: boolean;
  /** Fields of an object. */
  readonly fields?: readonly InferredField[];
  /** Members of an object that the contract cannot have. */
  readonly leftOut?: readonly LeftOut[];
  /** Elements of an array. */
  readonly items?: InferredItem;
  /** In how many of the events or objects it is, as a sentence without a full stop. */
  readonly presence?: string;
  /** Why the line is as it is: sentences without a full stop, in the order in which they matter. */
  readonly why: readonly string[];
  /** A line of the contract that would hold for all values seen, as a comment. */
  readonly suggestion?: string;
  /** What the events have; undefined when a JSON Schema is the source. */
  readonly seen?: Seen;
}

export interface InferredField extends InferredItem {
  readonly name: string;
}

/** What the events have as the value of a scalar field. */
export interface Seen {
  /** Values that are not null. */
  readonly count: number;
  readonly distinct: number;
  /** Values that are the field's own name: a header that slipped in as a record. */
  readonly header: readonly string[];
}

/** A member that the contract does not have, and why. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** The event: its fields, what was left out, and what the whole of the events shows. */
export interface InferredEvent {
  readonly fields: readonly InferredField[];
  readonly leftOut: readonly LeftOut[];
  /** Facts about the events as a whole. */
  readonly notes: readonly string[];
  /** Whether members that the contract does not have make an event wrong. */
  readonly unknownFields: 'ignore' | 'quarantine';
  /** The number of events that were read; undefined for a JSON Schema. */
  readonly events?: number;
}

/** With this many values, one in a hundred may be a wrong one. */
const MANY = 100;
const ODD_SHARE = 0.01;

/** Whether a count of values is enough to take the others for wrong ones. */
export const enoughOf =
  (all: number) =>
  (count: number): boolean =>
    count > 0 && count >= (all >= MANY ? all * (1 - ODD_SHARE) : all);

/** A count with its noun: `1 event`, `1,200 events`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A count with commas between groups of three digits. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
