import { notReady, type Probe, ready } from '../core/probe.ts';
import type { ServiceObservation } from '../runtime/runtime.ts';

/** Ready when the producer's own lines say that the broker acknowledged records of the process that runs now. */
export function producerProbe(observe: () => Promise<ServiceObservation>): Probe {
  return {
    name: 'the producer',
    async check() {
      const { recentLines, detail } = await observe();
      for (const line of recentLines.toReversed()) {
        const acknowledged = /\backed=(\d+)|first records acknowledged: (\d+)/.exec(line);
        const count = Number(acknowledged?.[1] ?? acknowledged?.[2] ?? 0);
        const isDone = line.includes(' done: ');
        if (count > 0) return ready(`${count} records acknowledged${isDone ? ', which is all of them' : ''}`);
      }
      return notReady(recentLines.at(-1) ?? `no output yet, ${detail}`);
    },
  };
}
