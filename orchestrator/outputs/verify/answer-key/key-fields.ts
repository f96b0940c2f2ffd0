import type { Field, Pipeline } from '../../../pipeline/model.ts';
import { type ValueReader, valueReader } from '../../expected/field-value.ts';

/** What the lines of an answer key tell of an event: members named as the contract's fields. */
export interface KeyFields {
  /** The field by which an event is known: the contract's first text. Undefined where it has none. */
  readonly identity: string | undefined;
  /** The field of the event time, and what it says; undefined where the record's own time counts. */
  readonly eventTime: { readonly name: string; readonly read: ValueReader } | undefined;
}

export function keyFields({ fields, eventTime }: Pipeline): KeyFields {
  const isText = ({ type }: Field) => type.kind === 'string';
  const time = fields.find(({ name }) => name === eventTime.field);
  return {
    identity: fields.find(isText)?.name,
    eventTime: time && { name: time.name, read: valueReader(time.type) },
  };
}
