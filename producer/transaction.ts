import { z } from 'zod';

/** A transaction as the producer writes it: every field there, nothing else. */
export const transactionSchema = z.strictObject({
  txn_id: z.uuid(),
  /** ISO-8601 with a numeric offset. */
  event_ts: z.iso.datetime({ offset: true }),
  user_id: z.string().min(1),
  card_id: z.string().min(1),
  merchant: z.string().min(1),
  category: z.string().min(1),
  /** In units of the currency, at most two decimals. */
  amount: z.number().positive(),
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/),
  status: z.enum(['approved', 'declined', 'reversed']),
  city: z.string().min(1),
  /** ISO 3166-1 alpha-2. */
  country: z.string().regex(/^[A-Z]{2}$/),
  /** Degrees, WGS 84. */
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
});

/** One card transaction. */
export type Transaction = z.infer<typeof transactionSchema>;
