/** Kafka's names of what a reader gets: no record of an open or aborted transaction, or all of them. */
export const ISOLATION_LEVELS = ['read_committed', 'read_uncommitted'] as const;

export type IsolationLevel = (typeof ISOLATION_LEVELS)[number];
