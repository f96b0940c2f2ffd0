import { html, useState } from '/vendor/preact.js';
import { ask, useAnswer } from '../ask.js';
import { foreign, number } from '../format.js';
import { RowsTable } from '../table.js';

/**
 * @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot
 * @typedef {import('../../reader/questions.ts').ShownTable} ShownTable
 */

/** The rows of each output, and the newest of one. @param {{ snapshot: Snapshot }} props */
export function Rows({ snapshot: { outputs } }) {
  const [chosen, setChosen] = useState('silver');
  const sink = outputs.sinks.find(({ name }) => name === chosen);
  const path = sink && sink.files > 0 ? `/api/rows/${encodeURIComponent(chosen)}` : undefined;
  /** @type {[import('../ask.js').Answered<ShownTable>, any]} */
  const [{ answer, error }, place] = useAnswer(path, sink ? `${sink.rows} ${sink.files}` : null);
  return html`<section class="wide" aria-labelledby="rows" ref=${place}>
    <h2 id="rows">Outputs</h2>
    <div class="table" tabindex="0" role="region" aria-label="Rows of each output">
      <table>
        <thead><tr>
          <th scope="col">Output</th>${['Rows', 'Newest micro-batch', 'Files'].map((title) => html`<th scope="col" class="number">${title}</th>`)}
        </tr></thead>
        <tbody>
          ${outputs.sinks.map(
            ({ name, rows, newestRows, files }) => html`<tr key=${name} data-rows=${name}>
              <th scope="row">
                <button type="button" aria-pressed=${chosen === name} onClick=${() => setChosen(name)}>${foreign(name)}</button>
              </th>
              <td class="number">${number(rows)}</td><td class="number">${number(newestRows)}</td><td class="number">${number(files)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <h3>Newest rows of ${foreign(chosen)}</h3>
    ${path === undefined && html`<p class="quiet">${foreign(chosen)} has no rows yet.</p>`}
    ${error !== '' && html`<p class="bad" role="status">The rows cannot be read: ${foreign(error)}</p>`}
    ${path !== undefined && answer && html`<${RowsTable} table=${answer} label=${`Newest rows of ${chosen}`} />`}
  </section>`;
}

/** A query over the outputs, as `peek --sql` runs it. @param {{ snapshot: Snapshot }} props */
export function Query({ snapshot: { outputs, gold } }) {
  const example = gold[0] ? `FROM ${gold[0].table} LIMIT 10` : 'FROM silver LIMIT 10';
  const [found, setFound] = useState(/** @type {ShownTable | undefined} */ (undefined));
  const [note, setNote] = useState('');
  const [isOpen, setOpen] = useState(false);
  /** @param {SubmitEvent} event */
  const run = async (event) => {
    event.preventDefault();
    const sql = new FormData(/** @type {HTMLFormElement} */ (event.target)).get('sql');
    setOpen(true);
    setNote('Running…');
    try {
      const table = /** @type {ShownTable} */ (await ask('/api/sql', { sql }));
      setFound(table);
      setNote(
        `${number(table.rows.length)} ${table.rows.length === 1 ? 'row' : 'rows'}${table.hasMore ? ', and more' : ''}.`,
      );
    } catch (error) {
      setFound(undefined);
      setNote(/** @type {Error} */ (error).message);
    }
    setOpen(false);
  };
  return html`<section class="wide" aria-labelledby="query">
    <h2 id="query">Query</h2>
    <form onSubmit=${run}>
      <label for="sql">SQL of DuckDB that reads ${outputs.sinks.map(({ name }, at) => html`${at > 0 ? ', ' : ''}${foreign(name)}`)}</label>
      <textarea id="sql" name="sql" rows="3" spellcheck="false" required defaultValue=${example}></textarea>
      <button type="submit" disabled=${isOpen}>Run</button>
    </form>
    <p role="status">${foreign(note)}</p>
    ${found && html`<${RowsTable} table=${found} label="Result of the query" />`}
  </section>`;
}
