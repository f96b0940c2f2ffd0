import { html, useState } from '/vendor/preact.js';
import { ask } from '../ask.js';
import { clock, duration, foreign, number, withBreaks } from '../format.js';

/**
 * @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot
 * @typedef {import('../../model/snapshot.ts').VerifyState} VerifyState
 */

/**
 * What is committed, how much is not yet, and what the last verification has found.
 * @param {{ snapshot: Snapshot }} props
 */
export function Verdict({ snapshot: { topic, outputs, verify } }) {
  const { committedBatch, committedAt } = outputs;
  return html`<section aria-labelledby="verdict">
    <h2 id="verdict">Verdict</h2>
    <p>
      ${
        committedBatch === null
          ? 'Nothing is committed yet.'
          : `All records up to micro-batch ${number(committedBatch)}, planned at ${clock(committedAt)} UTC, are committed.`
      }
    </p>
    <dl class="figures">
      <div>
        <dt>Lag</dt>
        <dd data-value="lag">${number(topic.lag)}</dd>
      </div>
      <div>
        <dt>Cleared in about</dt>
        <dd>${topic.lag !== null && topic.clearSeconds === null && topic.lag > 0 ? 'it does not shrink' : duration(topic.clearSeconds)}</dd>
      </div>
    </dl>
    <${Verification} verify=${verify} />
  </section>`;
}

/** The last verification, and a button for the next. @param {{ verify: VerifyState }} props */
function Verification({ verify: { runningSince, progress, last } }) {
  const [isDeep, setDeep] = useState(false);
  const [error, setError] = useState('');
  const start = () =>
    ask('/api/verify', { deep: isDeep })
      .then(() => setError(''))
      .catch((/** @type {Error} */ { message }) => setError(message));
  return html`
    <h3>Verification</h3>
    <p role="status" data-value="verify">${runningSince === null ? verdictOf(last) : `Running since ${clock(runningSince)} UTC. ${progress ?? ''}`}</p>
    <p>
      <button type="button" disabled=${runningSince !== null} onClick=${start}>Verify now</button>${' '}
      <label><input type="checkbox" checked=${isDeep} onChange=${() => setDeep(!isDeep)} /> compare every value</label>
    </p>
    ${error !== '' && html`<p class="bad" role="alert">It could not be started: ${foreign(error)}</p>`}
    ${last?.outcome && html`<details><summary>Report</summary><pre>${withBreaks(last.outcome.text)}</pre></details>`}
  `;
}

/** @param {VerifyState['last']} last */
function verdictOf(last) {
  if (last === null) {
    return 'None is known yet. It compares every record of the topic with the outputs.';
  }
  const { at, by, outcome, error } = last;
  const source = by === 'page' ? 'by this page' : html`by <code>npm run verify</code>`;
  if (outcome === null) {
    return html`<strong class="bad">● could not run</strong> at ${clock(at)} UTC: ${foreign(error ?? '')}`;
  }
  const { equal, deep, differenceCount, committedBatch, lag } = outcome;
  const found = equal
    ? html`<strong class="good">● everything equal</strong>`
    : html`<strong class="bad">● ${number(differenceCount)} ${differenceCount === 1 ? 'difference' : 'differences'}</strong>`;
  return html`${found} ${committedBatch === null ? '' : `up to micro-batch ${number(committedBatch)}`}${deep ? ', every value' : ''},
    lag ${number(lag)}, at ${clock(at)} UTC, ${source}.`;
}
