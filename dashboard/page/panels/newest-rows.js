import { html, useState } from '/vendor/preact.js';
import { foreign } from '../format.js';

/**
 * @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot
 * @typedef {import('../../model/snapshot.ts').NewestRows} NewestRows
 */

/** The newest rows of an output, read when somebody asks. @param {{ snapshot: Snapshot }} props */
export function NewestRowsPanel({ snapshot: { outputs } }) {
  const [found, setFound] = useState(/** @type {NewestRows | undefined} */ (undefined));
  const [note, setNote] = useState('');
  /** @param {string} output */
  const read = async (output) => {
    setNote(`Reading the newest rows of ${output}…`);
    try {
      const answer = await fetch(`/api/rows/${encodeURIComponent(output)}`);
      const document = await answer.json();
      if (!answer.ok) throw new Error(document.error);
      setFound(document);
      setNote(document.rows.length === 0 ? `${output} has no rows yet.` : '');
    } catch (error) {
      setNote(`There are no rows to show: ${/** @type {Error} */ (error).message}.`);
    }
  };
  const columns = Object.keys(found?.rows[0] ?? {});
  return html`<section class="wide" aria-labelledby="newest-rows">
    <h2 id="newest-rows">Newest rows</h2>
    <p>
      ${outputs.sinks.map(
        ({ name }) =>
          html`<button type="button" key=${name} aria-pressed=${found?.output === name} onClick=${() => read(name)}>${foreign(name)}</button> `,
      )}
    </p>
    <p class="quiet" role="status">${note}</p>
    ${
      found &&
      columns.length > 0 &&
      html`<div class="table" tabindex="0" role="region" aria-label=${`Newest rows of ${found.output}`}>
        <table>
          <thead><tr>${columns.map((name) => html`<th scope="col">${foreign(name)}</th>`)}</tr></thead>
          <tbody>
            ${found.rows.map((row) => html`<tr>${columns.map((name) => html`<td>${cell(row[name])}</td>`)}</tr>`)}
          </tbody>
        </table>
      </div>`
    }
    <p class="quiet"><code>npm run peek -- --sql "…"</code> asks any question.</p>
  </section>`;
}

/** @param {string | null | undefined} value */
const cell = (value) =>
  value === null || value === undefined ? html`<span class="quiet">–</span>` : foreign(value);
