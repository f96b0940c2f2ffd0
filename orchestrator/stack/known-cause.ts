import type { ServiceName } from '../core/services.ts';

/** Why a service ended, where its log tells and the next step is known. */
export interface KnownCause {
  /** One sentence without its full stop. */
  readonly cause: string;
  readonly hint: string;
}

const KNOWN: readonly (KnownCause & { readonly service: ServiceName; readonly sign: RegExp })[] = [
  {
    service: 'kafka',
    sign: /InconsistentClusterId|Invalid cluster\.id/,
    cause:
      "Kafka's data belongs to another cluster than ZooKeeper's (Invalid cluster.id): one of the two was deleted alone",
    hint: "`npm run reset` wipes topic, outputs and both services' data together, and starts afresh.",
  },
];

/** @param lines the last ones that the service wrote */
export function knownCause(service: ServiceName, lines: readonly string[]): KnownCause | undefined {
  return KNOWN.find((known) => known.service === service && lines.some((line) => known.sign.test(line)));
}
