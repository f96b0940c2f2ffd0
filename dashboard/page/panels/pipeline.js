import { html } from '/vendor/preact.js';
import { foreign, number, rate, STATE_CLASS, stateText } from '../format.js';

/**
 * @typedef {import('../../model/snapshot.ts').Snapshot} Snapshot
 * @typedef {import('../../model/snapshot.ts').SinkState} SinkState
 */

/**
 * The pipeline as a picture, from the source to the sinks.
 * @param {{ snapshot: Snapshot }} props
 */
export function Pipeline({ snapshot }) {
  const { topic, outputs, sources, stream } = snapshot;
  const sinks = outputs.sinks.filter(({ kind }) => kind === 'sink');
  const tables = outputs.sinks.filter(({ kind }) => kind === 'gold');
  const running = outputs.runningBatch === null ? '' : `, micro-batch ${outputs.runningBatch} is running`;
  return html`<section class="wide" aria-labelledby="pipeline">
    <h2 id="pipeline">Pipeline</h2>
    <ol class="flow">
      <li>
        <${Part} name=${topic.name} kind="topic" state=${sources.topic.state} detail=${sources.topic.detail}>
          ${rate(topic.inPerSecond)} in, lag ${number(topic.lag)}
        <//>
      </li>
      <li>
        <${Part} name="ingest" kind="query" state=${sources.progress.state} detail=${`${sources.outputs.detail}${running}`}>
          ${rate(topic.outPerSecond)} committed
        <//>
      </li>
      <li class="sinks">
        <ul>
          ${sinks.map((sink) => html`<li><${Sink} sink=${sink} snapshot=${snapshot} /></li>`)}
        </ul>
      </li>
      <li>
        <ul>
          ${tables.map((sink) => html`<li><${Sink} sink=${sink} snapshot=${snapshot} /></li>`)}
          ${tables.length === 0 && html`<li class="quiet">The pipeline has no gold table.</li>`}
        </ul>
      </li>
    </ol>
    ${stream.batch === null && html`<p class="quiet">No micro-batch is committed yet.</p>`}
  </section>`;
}

/** @param {{ name: string, kind: string, state: string, detail: string, children?: unknown }} props */
function Part({ name, kind, state, detail, children }) {
  return html`<div class="part">
    <strong>${foreign(name)}</strong>
    <span class="quiet">${kind}</span> ${stateText(state)}
    <div>${children}</div>
    <div class="quiet">${foreign(detail)}</div>
  </div>`;
}

/** @param {{ sink: SinkState, snapshot: Snapshot }} props */
function Sink({ sink: { name, kind, files, rows, rowsFrom, newestRows } }) {
  const of = rowsFrom === null || rowsFrom === 0 ? '' : ` since micro-batch ${rowsFrom}`;
  return html`<div class="part" data-output=${name}>
    <strong class=${rowsFrom === null ? 'quiet' : STATE_CLASS['ok']}>${foreign(name)}</strong>
    <span class="quiet">${kind === 'gold' ? 'gold table' : 'sink'}, ${number(files)} files</span>
    <div>${number(rows)} rows${of}</div>
    <div class="quiet">${newestRows === null ? 'none yet' : `${number(newestRows)} in the newest micro-batch`}</div>
  </div>`;
}
