import { z } from 'zod';

/** The value of a record as the producer writes it. */
export const transactionSchema = z.strictObject({
  txn_id: z.uuid(),
  /** ISO-8601 with a numeric offset. */
  event_ts: z.iso.datetime({ offset: true }),
  user_id: z.string().min(1),
  card_id: z.string().min(1),
  merchant: z.string().min(1),
  category: z.string().min(1),
  amount: z.number().positive().multipleOf(0.01),
  currency: z.string().regex(/^[A-Z]{3}$/),
  status: z.enum(['approved', 'declined', 'reversed']),
  city: z.string().min(1),
  country: z.string().regex(/^[A-Z]{2}$/),
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
});

/** One card transaction. */
export type Transaction = z.infer<typeof transactionSchema>;
