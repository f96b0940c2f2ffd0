import { html, useMemo } from '/vendor/preact.js';
import { Chart } from '../charts.js';
import { duration, number, rate } from '../format.js';

/**
 * @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot
 * @typedef {import('../../model/series.ts').TierDocument} TierDocument
 * @typedef {{ snapshot: Snapshot, tier: TierDocument }} Props
 */

/** Records that reach the topic, and records that are committed. @param {Props} props */
export function Rates({ snapshot: { topic, events }, tier }) {
  const { inPerSecond = [], outPerSecond = [] } = tier.values;
  const lines = [
    { label: 'in', values: inPerSecond },
    { label: 'committed', values: outPerSecond },
  ];
  return html`<section aria-labelledby="rates">
    <h2 id="rates">Records per second</h2>
    <${Chart}
      label="Records per second over time: in, and committed"
      text=${`in ${rate(topic.inPerSecond)}, committed ${rate(topic.outPerSecond)}`}
      unit="" atMs=${tier.at} lines=${lines} events=${events} />
  </section>`;
}

/** The lag of each partition. @param {Props} props */
export function Lag({ snapshot: { topic, events }, tier }) {
  const names = Object.keys(tier.values)
    .filter((name) => name.startsWith('lag.'))
    .sort((one, other) => Number(one.slice(4)) - Number(other.slice(4)));
  const lines = names.map((name) => ({ label: name.slice(4), values: tier.values[name] ?? [] }));
  return html`<section aria-labelledby="lag">
    <h2 id="lag">Lag by partition</h2>
    <${Chart}
      label="Lag of each partition over time"
      text=${`${number(topic.lag)} records in all partitions`}
      unit="" atMs=${tier.at} lines=${lines} events=${events} />
    <div class="table" tabindex="0" role="region" aria-label="Offsets by partition">
      <table>
        <thead><tr><th scope="col">Partition</th>${['Begin', 'End', 'Committed', 'Lag'].map((title) => html`<th scope="col" class="number">${title}</th>`)}</tr></thead>
        <tbody>
          ${topic.partitions.map(
            ({ partition, begin, end, committed, lag }) => html`<tr key=${partition}>
              <th scope="row">${partition}</th>
              ${[begin, end, committed, lag].map((value) => html`<td class="number">${number(value)}</td>`)}
            </tr>`,
          )}
          ${topic.partitions.length === 0 && html`<tr><td colspan="5" class="quiet">The topic has not been read yet.</td></tr>`}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** Phases of a micro-batch, in their order; Spark has more, which are short. */
const PHASES = ['latestOffset', 'queryPlanning', 'walCommit', 'addBatch', 'commitOffsets', 'commitBatch'];

/** The duration of micro-batches of `ingest` by phase. @param {{ snapshot: Snapshot }} props */
export function Batches({ snapshot: { batches, triggers, events } }) {
  const ingest = useMemo(
    () => batches.filter(({ query, rows }) => query === 'ingest' && (rows['bronze'] ?? 0) > 0),
    [batches],
  );
  const [atMs, lines] = useMemo(() => {
    const phases = PHASES.filter((phase) => ingest.some(({ ms }) => (ms[phase] ?? 0) > 0));
    // A bar for each phase, the highest first, each as high as all phases up to it.
    const bars = phases.map((phase, at) => ({
      label: phase,
      bars: true,
      values: ingest.map(
        ({ ms }) => phases.slice(0, at + 1).reduce((sum, each) => sum + (ms[each] ?? 0), 0) / 1000,
      ),
    }));
    const trigger = { label: 'trigger', dashed: true, values: ingest.map(() => triggers.ingestMs / 1000) };
    return [ingest.map(({ at }) => Date.parse(at)), [...bars.toReversed(), trigger]];
  }, [ingest, triggers.ingestMs]);
  const last = ingest.at(-1);
  const phases = Object.entries(last?.ms ?? {}).filter(([phase]) => phase !== 'total');
  return html`<section aria-labelledby="batches">
    <h2 id="batches">Duration of micro-batches</h2>
    <${Chart}
      label="Duration of the micro-batches of ingest by phase, with the trigger interval as a line"
      text=${last ? `micro-batch ${last.batch}: ${duration((last.ms['total'] ?? 0) / 1000)}; trigger every ${duration(triggers.ingestMs / 1000)}` : 'no micro-batch yet'}
      unit=" s" atMs=${atMs} lines=${lines} events=${events} />
    <p class="quiet">
      ${phases.map(([phase, ms]) => `${phase} ${number(ms)} ms`).join(', ')}
    </p>
  </section>`;
}
