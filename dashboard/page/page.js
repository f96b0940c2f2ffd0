import { html, render, useState } from '/vendor/preact.js';
import { follow } from './connection.js';
import { clock, foreign, stateText } from './format.js';
import { EventTime, Gold } from './panels/event-time.js';
import { Pipeline } from './panels/pipeline.js';
import { Batches, Lag, Rates } from './panels/rates.js';
import { Expectations, Rejected } from './panels/rejected.js';
import { Query, Rows } from './panels/rows.js';
import { Happened, Services } from './panels/services.js';
import { Verdict } from './panels/verdict.js';

/**
 * @typedef {import('./connection.js').PageState} PageState
 * @typedef {import('../model/snapshot.ts').Snapshot} Snapshot
 */

const RANGES = ['10 minutes', '8 hours'];

/** @param {{ state: PageState }} props */
function Page({ state: { snapshot, connection, heardAtMs } }) {
  const [range, setRange] = useState(0);
  if (!snapshot) return html`<${Top} /><main><${Connecting} /></main>`;
  const tier = snapshot.series[range] ?? { stepMs: 1, at: [], values: {} };
  return html`
    <${Top} snapshot=${snapshot} connection=${connection}>
      <fieldset class="ranges" role="radiogroup" aria-label="Time range of the charts">
        ${RANGES.map(
          (text, at) => html`<label>
            <input type="radio" name="range" checked=${range === at} onChange=${() => setRange(at)} /> ${text}
          </label>`,
        )}
      </fieldset>
    <//>
    <main>
      ${connection === 'lost' && html`<${Lost} heardAtMs=${heardAtMs} />`}
      <${Troubles} snapshot=${snapshot} />
      <${Pipeline} snapshot=${snapshot} />
      <${Verdict} snapshot=${snapshot} />
      <${Rates} snapshot=${snapshot} tier=${tier} />
      <${Lag} snapshot=${snapshot} tier=${tier} />
      <${Batches} snapshot=${snapshot} />
      <${EventTime} snapshot=${snapshot} tier=${tier} />
      <${Gold} snapshot=${snapshot} />
      <${Rejected} snapshot=${snapshot} />
      <${Expectations} snapshot=${snapshot} />
      <${Rows} snapshot=${snapshot} />
      <${Query} snapshot=${snapshot} />
      <${Services} snapshot=${snapshot} />
      <${Happened} snapshot=${snapshot} />
    </main>
  `;
}

/** @param {{ snapshot?: Snapshot, connection?: PageState['connection'], children?: unknown }} props */
function Top({ snapshot, connection = 'connecting', children }) {
  return html`<header class="top">
    <h1>medallion-stream</h1>
    ${
      snapshot &&
      html`<span>pipeline <strong>${foreign(snapshot.pipeline)}</strong>, runtime ${snapshot.runtime}</span>
        <span role="status">${stateText(stackState(snapshot))}</span>
        <span class="quiet">${connection === 'live' ? `${clock(snapshot.at)} UTC` : connection}</span>`
    }
    ${children}
  </header>`;
}

/** @param {Snapshot} snapshot */
function stackState({ ready, services }) {
  if (ready) return 'ready';
  if (services.some(({ state }) => state === 'failed')) return 'failed';
  return services.length > 0 &&
    services.every(({ state, name }) => state === 'stopped' || name === 'dashboard')
    ? 'stopped'
    : 'starting';
}

function Connecting() {
  return html`<p class="banner" role="status">
    Connecting to the dashboard… If this stays, run <code>npm run status</code> to see whether it runs.
  </p>`;
}

/** @param {{ heardAtMs: number }} props */
function Lost({ heardAtMs }) {
  return html`<p class="banner failed" role="alert">
    The connection to the dashboard is lost. The values below are of ${clock(new Date(heardAtMs).toISOString())}
    UTC. The page connects again by itself; <code>npm run status</code> shows whether the stack runs.
  </p>`;
}

/**
 * What is missing, and what to do: services that have failed, what is not there yet, and sources
 * that cannot be read.
 * @param {{ snapshot: Snapshot }} props
 */
function Troubles({ snapshot }) {
  const { services, sources, outputs, stream } = snapshot;
  const failed = services.filter(({ state }) => state === 'failed');
  const starting = services.filter(({ state }) => state === 'starting');
  const unreadable = Object.entries(sources).filter(([, { state }]) => state === 'failed');
  const isEmpty = outputs.committedBatch === null && stream.batch === null;
  const reason = onlyRejected(snapshot);
  return html`
    ${
      failed.length + unreadable.length > 0 &&
      html`<div class="banner failed" role="alert">
        Something does not work:
        <ul>
          ${failed.map(
            ({ name, detail }) => html`<li>
              <strong>${name}</strong> has failed: ${foreign(detail)}. <code>npm run logs -- ${name}</code> shows its log.
            </li>`,
          )}
          ${unreadable.map(
            ([name, { detail }]) =>
              html`<li>The ${SOURCE_TEXT[name] ?? name} cannot be read: ${foreign(detail)}.</li>`,
          )}
        </ul>
      </div>`
    }
    ${
      reason !== undefined &&
      html`<p class="banner failed" role="alert">
        Every record of the newest micro-batch was rejected, most of them as ${foreign(reason)}.
        <a href="#rejected">Rejected records</a> shows examples; the pipeline's contract says what an event is.
      </p>`
    }
    ${
      isEmpty &&
      html`<div class="banner" role="status">
        There are no data yet.
        <ul>
          ${starting.map(({ name, detail }) => html`<li><strong>${name}</strong> is starting: ${foreign(detail)}</li>`)}
          ${starting.length === 0 && html`<li>The first rows follow the first trigger of the job.</li>`}
        </ul>
      </div>`
    }
  `;
}

/**
 * The most frequent reason, where the newest micro-batch has rejected everything.
 * @param {Snapshot} snapshot
 */
function onlyRejected({ stream: { rows, rejected } }) {
  const { bronze = 0, quarantine = 0 } = rows;
  if (bronze === 0 || quarantine < bronze) return undefined;
  return Object.entries(rejected).sort(([, one], [, other]) => other - one)[0]?.[0];
}

/** @type {Readonly<Record<string, string>>} */
const SOURCE_TEXT = {
  topic: 'topic',
  outputs: 'checkpoint or folder of the outputs',
  progress: 'progress of the job',
  spark: 'REST API of the job',
};

const place = document.getElementById('page');

/** @type {PageState | undefined} */
let latest;
let isDue = false;

/** At most once a frame, and not while nobody sees the page. @param {PageState} state */
function show(state) {
  latest = state;
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (place && latest) render(html`<${Page} state=${latest} />`, place);
  });
}

if (place) place.textContent = '';
show({ snapshot: undefined, connection: 'connecting', heardAtMs: Date.now() });
follow(show);
