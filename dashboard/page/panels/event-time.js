import { html, useMemo } from '/vendor/preact.js';
import { useAnswer } from '../ask.js';
import { Chart } from '../charts.js';
import { clock, duration, foreign, number } from '../format.js';

/**
 * @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot
 * @typedef {import('../../model/series.ts').TierDocument} TierDocument
 * @typedef {import('../../reader/questions.ts').ShownGroups} ShownGroups
 */

/**
 * How far the watermark of each gold table is behind the clock.
 * @param {{ snapshot: Snapshot, tier: TierDocument }} props
 */
export function EventTime({ snapshot: { gold, events, at }, tier }) {
  const lines = gold.map(({ table }) => ({
    label: table,
    values: tier.values[`watermarkDelay.${table}`] ?? [],
  }));
  const delays = gold.flatMap(({ table, watermark }) =>
    watermark === null ? [] : [`${table} ${duration((Date.parse(at) - Date.parse(watermark)) / 1000)}`],
  );
  return html`<section aria-labelledby="event-time">
    <h2 id="event-time">Watermark behind the clock</h2>
    <${Chart}
      label="Seconds that the watermark of each gold table is behind the clock"
      text=${delays.length === 0 ? 'no watermark yet: it follows the first events' : delays.join(', ')}
      unit=" s" atMs=${tier.at} lines=${lines} events=${events} />
    ${gold.flatMap(({ notes }) => notes).map((note) => html`<p>${foreign(note)}.</p>`)}
  </section>`;
}

/** The state of each gold table, and its top groups. @param {{ snapshot: Snapshot }} props */
export function Gold({ snapshot: { gold, outputs } }) {
  return html`<section class="wide" aria-labelledby="gold">
    <h2 id="gold">Gold</h2>
    <div class="table" tabindex="0" role="region" aria-label="Gold tables">
      <table>
        <thead><tr>
          <th scope="col">Table</th><th scope="col">Watermark (UTC)</th>
          ${['Rows', 'Open windows', 'State', 'Late rows'].map((title) => html`<th scope="col" class="number">${title}</th>`)}
        </tr></thead>
        <tbody>
          ${gold.map(({ table, watermark, openWindows, stateBytes, late }) => {
            const rows = outputs.sinks.find(({ name }) => name === table)?.rows ?? null;
            return html`<tr key=${table} data-gold=${table}>
              <th scope="row">${foreign(table)}</th><td>${clock(watermark)}</td>
              <td class="number">${number(rows)}</td><td class="number">${number(openWindows)}</td>
              <td class="number">${stateBytes === null ? '–' : `${number(stateBytes / 1024)} KiB`}</td>
              <td class="number">${number(late)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    ${gold.slice(0, MOST_CHARTS).map(({ table }) => {
      const sink = outputs.sinks.find(({ name }) => name === table);
      return html`<${Groups} key=${table} table=${table} files=${sink?.files ?? 0} rows=${sink?.rows ?? 0} />`;
    })}
    <p class="quiet">A window is written once, when the watermark has reached its end.</p>
  </section>`;
}

/** Charts of gold tables at most. */
const MOST_CHARTS = 4;

/**
 * The most active groups of a gold table over its newest windows.
 * @param {{ table: string, files: number, rows: number }} props
 */
function Groups({ table, files, rows }) {
  /** @type {[import('../ask.js').Answered<ShownGroups>, any]} */
  const [{ answer, error }, place] = useAnswer(
    files > 0 ? `/api/gold/${encodeURIComponent(table)}` : undefined,
    `${rows} ${files}`,
  );
  const [atMs, lines] = useMemo(
    () => [
      (answer?.windows ?? []).map((at) => Date.parse(at)),
      (answer?.groups ?? []).map(({ name, values }) => ({ label: name, values })),
    ],
    [answer],
  );
  return html`<div ref=${place}>
    <h3>Top groups of ${foreign(table)}</h3>
    ${error !== '' && html`<p class="bad" role="status">The groups cannot be read: ${foreign(error)}</p>`}
    ${files === 0 && html`<p class="quiet">No window is closed yet.</p>`}
    ${
      answer &&
      answer.groups.length > 0 &&
      html`<${Chart}
        label=${`Most active groups of ${table} by window: ${answer.measure}`}
        text=${`${answer.measure} by window (event time); ${number(answer.groups.length)} of ${number(answer.groupCount)} groups`}
        unit="" atMs=${atMs} lines=${lines} events=${NO_EVENTS} />`
    }
  </div>`;
}

/** The axis is event time, and what happened has other times. @type {Snapshot['events']} */
const NO_EVENTS = [];
