import type { Pipeline } from './model.ts';

/** The answer key's own members. A field with one of these names is not told there. */
const OWN = new Set([
  'partition',
  'offset',
  'fault',
  'expected_sink',
  'expected_reason',
  'duplicate_of',
  'unknown',
  'why',
]);

/**
 * The fields by which a line of the answer key describes an event: its identity, which is the
 * primary key or else the contract's first text, and its event time. Undefined where the pipeline has
 * no such field.
 */
export function describedFields({ fields, eventTime, generate }: Pipeline): {
  readonly identity: string | undefined;
  readonly eventTime: string | undefined;
} {
  const [identity = fields.find(({ type }) => type.kind === 'string')?.name] = generate?.unique ?? [];
  const time = fields.find(({ name }) => name === eventTime.field)?.name;
  const told = (name: string | undefined) => (name === undefined || OWN.has(name) ? undefined : name);
  return { identity: told(identity), eventTime: told(time) };
}
