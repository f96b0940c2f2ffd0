import { z } from 'zod';
import { MOST_TEXT } from '../../orchestrator/verify/verify-outcome.ts';
import type { Happening, Verified } from './snapshot.ts';

/** Characters of a text at most. */
const MOST_CHARACTERS = 500;

/** What is known of a verification that has ended. */
export const verified = z.object({
  at: z.iso.datetime(),
  by: z.enum(['page', 'command']),
  outcome: z
    .object({
      equal: z.boolean(),
      deep: z.boolean(),
      committedBatch: z.int().nullable(),
      lag: z.number(),
      differenceCount: z.int(),
      text: z.string().max(MOST_TEXT + 1),
    })
    .nullable(),
  error: z.string().max(MOST_CHARACTERS).nullable(),
}) satisfies z.ZodType<Verified>;

/**
 * What a command tells the dashboard of its stack, as the body of `POST /api/notices`: a fault that
 * `chaos` has injected, settings with which `up` has started it, or the outcome of a verification.
 */
export const notice = z.union([
  z.strictObject({
    kind: z.enum(['chaos', 'settings']),
    text: z.string().min(1).max(MOST_CHARACTERS),
  }),
  z.strictObject({ kind: z.literal('verify'), outcome: verified.shape.outcome.unwrap() }),
]);

export type Notice = z.infer<typeof notice>;

/** A text that is not too long for a notice. */
export const shortText = (text: string): string =>
  text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;

/** What happened when a verification ended. */
export function verifiedHappening({ at, by, outcome, error }: Verified): Happening {
  const result =
    outcome === null
      ? `could not run: ${error}`
      : outcome.equal
        ? 'everything equal'
        : `${outcome.differenceCount} ${outcome.differenceCount === 1 ? 'difference' : 'differences'}`;
  const what = outcome?.deep ? 'verify of every value' : 'verify';
  return { at, kind: 'verify', text: `${what}${by === 'page' ? ' (this page)' : ''}: ${result}` };
}
