import { html } from '/vendor/preact.js';
import { clock, foreign, number, stateText, withBreaks } from '../format.js';

/** @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot */

/** Every service with its restarts and last lines. @param {{ snapshot: Snapshot }} props */
export function Services({ snapshot: { services, urls } }) {
  return html`<section class="wide" aria-labelledby="services">
    <h2 id="services">Services</h2>
    <div class="table" tabindex="0" role="region" aria-label="State of each service">
      <table>
        <thead><tr>
          <th scope="col">Service</th><th scope="col">State</th><th scope="col" class="number">Restarts</th>
          <th scope="col">Since (UTC)</th><th scope="col">Detail</th>
        </tr></thead>
        <tbody>
          ${services.map(
            ({ name, state, pid, restarts, since, detail, log }) => html`<tr key=${name} data-service=${name}>
              <th scope="row">${urls[name] ? html`<a href=${urls[name]} rel="noreferrer">${name}</a>` : name}${pid ? ` (${pid})` : ''}</th>
              <td>${stateText(state)}</td>
              <td class="number">${restarts === null ? 'not known' : number(restarts)}</td>
              <td>${clock(since)}</td>
              <td>
                ${foreign(detail)}
                ${log.length > 0 && html`<details class="log"><summary>last lines</summary><pre>${withBreaks(log.join('\n'))}</pre></details>`}
              </td>
            </tr>`,
          )}
          ${services.length === 0 && html`<tr><td colspan="5" class="quiet">Not observed yet.</td></tr>`}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** What happened, newest first. @param {{ snapshot: Snapshot }} props */
export function Happened({ snapshot: { events } }) {
  return html`<section class="wide" aria-labelledby="happened">
    <h2 id="happened">What happened</h2>
    <ol class="happened" tabindex="0" aria-label="What happened, newest first">
      ${events.toReversed().map(({ at, kind, text }) => html`<li class=${kind}><span class="quiet">${clock(at)} ${kind}</span> ${foreign(text)}</li>`)}
      ${events.length === 0 && html`<li class="quiet">Nothing yet.</li>`}
    </ol>
  </section>`;
}
