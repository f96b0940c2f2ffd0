import { html } from '/vendor/preact.js';
import { foreign } from './format.js';

/** @typedef {import('../reader/questions.ts').ShownTable} ShownTable */

/** Rows as a table that scrolls by itself. @param {{ table: ShownTable, label: string }} props */
export function RowsTable({ table: { columns, rows, hasMore }, label }) {
  if (columns.length === 0) return null;
  return html`<div class="table" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead><tr>${columns.map((name) => html`<th scope="col">${foreign(name)}</th>`)}</tr></thead>
      <tbody>
        ${rows.map((row) => html`<tr>${row.map((text) => html`<td>${cell(text)}</td>`)}</tr>`)}
        ${rows.length === 0 && html`<tr><td colspan=${columns.length} class="quiet">No rows.</td></tr>`}
      </tbody>
    </table>
    ${hasMore && html`<p class="quiet">There are more rows; <code>npm run peek -- --csv --sql "…"</code> gives all.</p>`}
  </div>`;
}

/** A value that is absent, empty, or text of a record. @param {string | null} text */
const cell = (text) => (text === null ? html`<span class="quiet">–</span>` : foreign(text));
