import { describedFields } from '../../orchestrator/pipeline/event-identity.ts';
import type { Pipeline } from '../../orchestrator/pipeline/model.ts';
import { memberOf, numberText, readJsonObject } from '../../orchestrator/verify/oracle/json-value.ts';

/** The members of an answer key's line that describe an event, by the names of its fields. */
export type EventDescription = Readonly<Record<string, string | null>>;

/** Reads what describes an event from its value as it was sent, with any fault in it. */
export type DescribeEvent = (value: string | null) => EventDescription;

/**
 * Describes events of a pipeline by their identity and event time: texts as they are, numbers that
 * are ids or epochs by their digits. What cannot be read is null.
 */
export function eventDescriber(pipeline: Pipeline): DescribeEvent {
  const { identity, eventTime } = describedFields(pipeline);
  const described = [identity, eventTime].flatMap((name) => {
    const type = pipeline.fields.find((field) => field.name === name)?.type;
    if (name === undefined || type === undefined) return [];
    return [{ name, takesNumbers: type.kind !== 'timestamp' || 'epoch' in type }];
  });
  return (value) => {
    const event = value === null ? undefined : readJsonObject(value);
    const read = described.map(({ name, takesNumbers }) => {
      const member = event ? memberOf(event, name) : null;
      if (typeof member === 'string') return [name, member] as const;
      return [name, takesNumbers ? (numberText(member) ?? null) : null] as const;
    });
    return Object.fromEntries(read);
  };
}
