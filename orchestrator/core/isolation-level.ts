import type { Settings } from '../settings/setting-table.ts';

/** Kafka's names of what a reader gets: no record of an open or aborted transaction, or all of them. */
export type IsolationLevel = Settings['KAFKA_ISOLATION_LEVEL'];
