import { html } from '/vendor/preact.js';
import { clock, duration, number } from '../format.js';

/** @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot */

/**
 * What is committed, and how much is not yet.
 * @param {{ snapshot: Snapshot }} props
 */
export function Verdict({ snapshot: { topic, outputs } }) {
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
    <p class="quiet">
      <code>npm run verify</code> compares every record of the topic with the outputs.
    </p>
  </section>`;
}
