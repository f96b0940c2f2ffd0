/**
 * The connection to the server: one EventSource, whose events become the state of the page.
 *
 * @typedef {import('../model/snapshot.ts').Snapshot} Snapshot
 * @typedef {import('../model/snapshot.ts').Change} Change
 * @typedef {import('../model/series.ts').TierDocument} TierDocument
 *
 * @typedef {object} PageState
 * @property {Snapshot | undefined} snapshot undefined before the first
 * @property {'connecting' | 'live' | 'lost'} connection
 * @property {number} heardAtMs when the last event arrived
 */

/** The server sends something every two seconds at least. */
const SILENCE_MS = 8000;

/** After an answer that is no stream, such as 503, a browser does not try again by itself. */
const RETRY_MS = 5000;

/** Points of a tier that are kept, as on the server. @type {Readonly<Record<number, number>>} */
const POINTS = { 2000: 300, 60000: 480 };

/**
 * Follows the server.
 * @param {(state: PageState) => void} onChange called for every event, and when the connection changes
 */
export function follow(onChange) {
  /** @type {PageState} */
  let state = { snapshot: undefined, connection: 'connecting', heardAtMs: Date.now() };
  /** @param {Partial<PageState>} change */
  const set = (change) => {
    state = { ...state, ...change };
    onChange(state);
  };
  const open = () => {
    const source = new EventSource('/api/stream');
    source.addEventListener('snapshot', (event) => {
      set({ snapshot: JSON.parse(event.data), connection: 'live', heardAtMs: Date.now() });
    });
    source.addEventListener('change', (event) => {
      if (!state.snapshot) return;
      const snapshot = changed(state.snapshot, JSON.parse(event.data));
      set({ snapshot, connection: 'live', heardAtMs: Date.now() });
    });
    source.addEventListener('error', () => {
      set({ connection: state.snapshot ? 'lost' : 'connecting' });
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(open, RETRY_MS);
    });
  };
  open();
  setInterval(() => {
    const isSilent = Date.now() - state.heardAtMs > SILENCE_MS;
    if (isSilent && state.connection === 'live') set({ connection: 'lost' });
  }, 1000);
}

/**
 * @param {Snapshot} snapshot
 * @param {Change} change
 * @returns {Snapshot}
 */
function changed(snapshot, { sample, ...sections }) {
  const atMs = Date.parse(sections.at);
  return { ...snapshot, ...sections, series: snapshot.series.map((tier) => withSample(tier, atMs, sample)) };
}

/**
 * @param {TierDocument} tier
 * @param {number} atMs
 * @param {Change['sample']} sample
 * @returns {TierDocument}
 */
function withSample(tier, atMs, sample) {
  const step = Math.floor(atMs / tier.stepMs) * tier.stepMs;
  const isNew = tier.at.at(-1) !== step;
  const at = isNew ? [...tier.at, step] : tier.at;
  const drop = Math.max(0, at.length - (POINTS[tier.stepMs] ?? at.length));
  const names = new Set([...Object.keys(tier.values), ...Object.keys(sample)]);
  /** @type {Record<string, (number | null)[]>} */
  const values = {};
  for (const name of names) {
    const known = tier.values[name] ?? new Array(tier.at.length).fill(null);
    const value = sample[name] ?? null;
    values[name] = (isNew ? [...known, value] : [...known.slice(0, -1), value ?? known.at(-1) ?? null]).slice(
      drop,
    );
  }
  return { stepMs: tier.stepMs, at: at.slice(drop), values };
}
