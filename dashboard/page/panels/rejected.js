import { html } from '/vendor/preact.js';
import { foreign, number } from '../format.js';

/** @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot */

/** Records in quarantine by reason. @param {{ snapshot: Snapshot }} props */
export function Rejected({ snapshot: { rejected, outputs } }) {
  const quarantine = outputs.sinks.find(({ name }) => name === 'quarantine');
  const since = quarantine?.rowsFrom ? ` since micro-batch ${quarantine.rowsFrom}` : '';
  return html`<section aria-labelledby="rejected">
    <h2 id="rejected">Rejected records</h2>
    <p>${number(quarantine?.rows)} records in quarantine${since}.</p>
    <${Counts} counts=${rejected} title="Reason" none="No record was rejected." />
    ${
      Object.keys(rejected).length > 0 &&
      html`<p class="quiet"><code>npm run peek -- quarantine</code> shows the newest of them.</p>`
    }
  </section>`;
}

/** Rows for which an expectation is false. @param {{ snapshot: Snapshot }} props */
export function Expectations({ snapshot: { unmet } }) {
  if (Object.keys(unmet).length === 0) return null;
  return html`<section aria-labelledby="expectations">
    <h2 id="expectations">Expectations that are false</h2>
    <${Counts} counts=${unmet} title="Expectation" none="" />
  </section>`;
}

/** Names with their counts, the largest first. @param {{ counts: Readonly<Record<string, number>>, title: string, none: string }} props */
function Counts({ counts, title, none }) {
  const entries = Object.entries(counts).sort(([, one], [, other]) => other - one);
  const most = Math.max(1, ...Object.values(counts));
  if (entries.length === 0) return html`<p class="quiet">${none}</p>`;
  return html`<div class="table" tabindex="0" role="region" aria-label=${title}>
    <table>
      <thead><tr><th scope="col">${title}</th><th scope="col" class="number">Count</th><th scope="col">Share of the largest</th></tr></thead>
      <tbody>
        ${entries.slice(0, 20).map(
          ([name, count]) => html`<tr key=${name}>
            <th scope="row">${foreign(name)}</th><td class="number">${number(count)}</td>
            <td><meter min="0" max=${most} value=${count} aria-label=${`${number(count)} of ${number(most)}`}></meter></td>
          </tr>`,
        )}
      </tbody>
    </table>
    ${entries.length > 20 && html`<p class="quiet">and ${number(entries.length - 20)} more</p>`}
  </div>`;
}

/** The rows of each output. @param {{ snapshot: Snapshot }} props */
export function Rows({ snapshot: { outputs } }) {
  return html`<section aria-labelledby="rows">
    <h2 id="rows">Outputs</h2>
    <div class="table" tabindex="0" role="region" aria-label="Outputs">
      <table>
        <thead><tr><th scope="col">Output</th>${['Rows', 'Newest micro-batch', 'Files'].map((title) => html`<th scope="col" class="number">${title}</th>`)}</tr></thead>
        <tbody>
          ${outputs.sinks.map(
            ({ name, rows, newestRows, files }) => html`<tr key=${name} data-rows=${name}>
              <th scope="row">${foreign(name)}</th><td class="number">${number(rows)}</td>
              <td class="number">${number(newestRows)}</td><td class="number">${number(files)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
