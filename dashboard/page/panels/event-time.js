import { html } from '/vendor/preact.js';
import { Chart } from '../charts.js';
import { clock, duration, foreign, number } from '../format.js';

/**
 * @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot
 * @typedef {import('../../model/series.ts').TierDocument} TierDocument
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
  </section>`;
}

/** The state of each gold table. @param {{ snapshot: Snapshot }} props */
export function Gold({ snapshot: { gold, outputs } }) {
  return html`<section aria-labelledby="gold">
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
            return html`<tr key=${table}>
              <th scope="row">${foreign(table)}</th><td>${clock(watermark)}</td>
              <td class="number">${number(rows)}</td><td class="number">${number(openWindows)}</td>
              <td class="number">${stateBytes === null ? '–' : `${number(stateBytes / 1024)} KiB`}</td>
              <td class="number">${number(late)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    <p class="quiet">
      A window is written once, when the watermark has reached its end.
      <code>npm run peek</code> shows the top groups.
    </p>
  </section>`;
}
