import { html } from '/vendor/preact.js';
import { useAnswer } from '../ask.js';
import { foreign, number } from '../format.js';

/**
 * @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot
 * @typedef {import('../../reader/questions.ts').RejectedExample} RejectedExample
 */

/** Names come from users. The most frequent ones are shown. */
const MOST_SHOWN = 20;

/** Records in quarantine by reason, with the newest of each. @param {{ snapshot: Snapshot }} props */
export function Rejected({ snapshot: { rejected, outputs } }) {
  const quarantine = outputs.sinks.find(({ name }) => name === 'quarantine');
  const since = quarantine?.rowsFrom ? ` since micro-batch ${quarantine.rowsFrom}` : '';
  const hasFiles = (quarantine?.files ?? 0) > 0;
  /** @type {[import('../ask.js').Answered<readonly RejectedExample[]>, any]} */
  const [{ answer = [], error }, place] = useAnswer(
    hasFiles ? '/api/rejected' : undefined,
    quarantine?.rows ?? null,
  );
  const rows = sorted(rejected);
  return html`<section class="wide" aria-labelledby="rejected" ref=${place}>
    <h2 id="rejected">Rejected records</h2>
    <p>${number(quarantine?.rows)} records in quarantine${since}.</p>
    ${error !== '' && html`<p class="bad" role="status">The examples cannot be read: ${foreign(error)}</p>`}
    ${
      rows.length === 0
        ? html`<p class="quiet">No record was rejected.</p>`
        : html`<div class="table" tabindex="0" role="region" aria-label="Reasons">
            <table>
              <thead><tr>
                <th scope="col">Reason</th><th scope="col" class="number">Records</th><th scope="col">Share of the largest</th>
                <th scope="col">Newest example</th><th scope="col">What is wrong</th><th scope="col">Value</th>
              </tr></thead>
              <tbody>
                ${rows.slice(0, MOST_SHOWN).map(([reason, count]) => {
                  const example = answer.find((each) => each.reason === reason);
                  return html`<tr key=${reason} data-reason=${reason}>
                    <th scope="row">${foreign(reason)}</th><td class="number">${number(count)}</td>
                    <td><${Share} count=${count} most=${rows[0]?.[1] ?? 1} /></td>
                    <td>${example ? `partition ${example.partition}, offset ${example.offset}` : '–'}</td>
                    <td>${example?.detail ? foreign(example.detail) : '–'}</td>
                    <td class="value">${example ? foreign(example.value ?? 'no value') : '–'}</td>
                  </tr>`;
                })}
              </tbody>
            </table>
          </div>`
    }
    <${More} rows=${rows} />
  </section>`;
}

/** Rows for which an expectation is false. @param {{ snapshot: Snapshot }} props */
export function Expectations({ snapshot: { unmet } }) {
  const rows = sorted(unmet);
  if (rows.length === 0) return null;
  return html`<section aria-labelledby="expectations">
    <h2 id="expectations">Expectations that are false</h2>
    <div class="table" tabindex="0" role="region" aria-label="Expectations">
      <table>
        <thead><tr><th scope="col">Expectation</th><th scope="col" class="number">Rows</th><th scope="col">Share of the largest</th></tr></thead>
        <tbody>
          ${rows.slice(0, MOST_SHOWN).map(
            ([name, count]) => html`<tr key=${name}>
              <th scope="row">${foreign(name)}</th><td class="number">${number(count)}</td>
              <td><${Share} count=${count} most=${rows[0]?.[1] ?? 1} /></td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <${More} rows=${rows} />
  </section>`;
}

/** The largest first. @param {Readonly<Record<string, number>>} counts */
const sorted = (counts) => Object.entries(counts).sort(([, one], [, other]) => other - one);

/** @param {{ count: number, most: number }} props */
const Share = ({ count, most }) =>
  html`<meter min="0" max=${Math.max(1, most)} value=${count} aria-label=${`${number(count)} of ${number(most)}`}></meter>`;

/** @param {{ rows: readonly unknown[] }} props */
const More = ({ rows }) =>
  rows.length > MOST_SHOWN && html`<p class="quiet">and ${number(rows.length - MOST_SHOWN)} more</p>`;
