/** One answer of a probe. `detail` says what was seen: why it is not ready, or what makes it ready. */
export interface ProbeAnswer {
  readonly ready: boolean;
  readonly detail: string;
}

/**
 * One way to ask whether something is ready. An attempt is bounded by the signal it is given; a probe that throws counts as
 * not ready, with the error's message as detail.
 */
export interface Probe {
  /** What is asked, as a noun phrase: "ZooKeeper at 127.0.0.1:2181". */
  readonly name: string;
  check(signal: AbortSignal): Promise<ProbeAnswer>;
}

export const ready = (detail: string): ProbeAnswer => ({ ready: true, detail });
export const notReady = (detail: string): ProbeAnswer => ({ ready: false, detail });
