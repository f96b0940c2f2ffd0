import type { Service } from '../../services/service.ts';
import type { RunState, ServiceObservation } from '../runtime.ts';
import { isNever } from './engine.ts';
import type { StackContainer } from './stack-containers.ts';

/** The convention of shells and Docker: 128 and the number of the signal that ended it. */
const SIGNAL_CODES = {
  129: 'SIGHUP',
  130: 'SIGINT',
  134: 'SIGABRT',
  137: 'SIGKILL',
  143: 'SIGTERM',
} as const;

/** The observation of a service that has no container. */
const NEVER_STARTED = { state: 'stopped', restarts: 0, detail: 'never started', recentLines: [] } as const;

/** By severity, worst first: several workers are in the state of the worst of them. */
const SEVERITY: readonly RunState[] = ['failed', 'restarting', 'stopped', 'running', 'completed'];

/** Observes one service through its containers; only a worker may have several. */
export function serviceObservation(
  service: Pick<Service, 'name' | 'kind'>,
  containers: readonly StackContainer[],
): ServiceObservation {
  const { name } = service;
  const each = containers.map((container) => containerObservation(service, container));
  const worst = SEVERITY.map((state) => each.find((one) => one.state === state)).find(
    (one) => one !== undefined,
  );
  if (!worst) return { name, ...NEVER_STARTED, since: new Date(0).toISOString() };
  const [first] = each;
  return {
    ...worst,
    ...(first?.container !== undefined && { container: first.container }),
    restarts: each.reduce((sum, { restarts }) => sum + restarts, 0),
    detail:
      each.length === 1 ? worst.detail : `${each.length} containers, ${worst.container}: ${worst.detail}`,
  };
}

function containerObservation(
  { name, kind }: Pick<Service, 'name' | 'kind'>,
  { info, recentLines }: StackContainer,
): ServiceObservation {
  const { State, RestartCount } = info;
  const container = info.Name.replace(/^\//, '');
  const state = runState(kind, State);
  const isOver = state !== 'running';
  const never = isNever(State.StartedAt);
  const exitCode = isOver && !never && !(State.ExitCode in SIGNAL_CODES) ? State.ExitCode : undefined;
  return {
    name,
    state,
    container,
    restarts: RestartCount,
    since: new Date(never ? info.Created : isOver ? State.FinishedAt : State.StartedAt).toISOString(),
    ...(exitCode !== undefined && { exitCode }),
    detail: never ? 'created, not started' : detailOf(state, State),
    recentLines,
  };
}

type ContainerState = StackContainer['info']['State'];

function runState(
  kind: Service['kind'],
  { Restarting, Running, ExitCode, Status, StartedAt }: ContainerState,
): RunState {
  if (Restarting) return 'restarting';
  if (Running) return 'running';
  if (Status === 'created' || isNever(StartedAt)) return 'stopped';
  if (kind === 'one-shot') return ExitCode === 0 ? 'completed' : 'failed';
  return ExitCode === 0 || ExitCode in SIGNAL_CODES ? 'stopped' : 'failed';
}

function detailOf(
  state: RunState,
  { ExitCode, OOMKilled, Error: problem, Health, Paused }: ContainerState,
): string {
  if (state === 'running') return Paused ? 'paused' : Health ? `running, ${Health.Status}` : 'running';
  const signal = SIGNAL_CODES[ExitCode as keyof typeof SIGNAL_CODES];
  const end = OOMKilled
    ? 'killed at its memory limit'
    : signal
      ? `ended by ${signal}`
      : `exited with code ${ExitCode}`;
  return [end, problem, state === 'restarting' ? 'Docker starts it again' : ''].filter(Boolean).join(', ');
}
