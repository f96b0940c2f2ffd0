import type Docker from 'dockerode';
import { isNever, nanosecondsOf, sinceText } from './engine-time.ts';

/** A process writes before the engine has noted its start; the one before it ended longer ago. */
const NOTED_LATE_NS = 200_000_000n;

/**
 * From when on the lines of a container are those of its present or last run, as the log's `since`.
 * @param before an earlier look at the container
 * @param looked whether all containers were looked at before, so that one without an earlier look is new
 * @returns undefined when all its lines are
 */
export function runBegin(
  { State }: Docker.ContainerInspectInfo,
  before: Docker.ContainerInspectInfo | undefined,
  looked: boolean,
): string | undefined {
  const start = nanosecondsOf(State.StartedAt);
  // While it runs, the engine still tells when the run before ended.
  const last = State.Running && !State.Restarting ? State : before?.State.Running ? undefined : before?.State;
  if (!last) return looked && !before ? undefined : sinceText(start - NOTED_LATE_NS);
  if (isNever(last.FinishedAt)) return undefined;
  // Last lines are noted a little after the end, first ones a little before the start.
  return sinceText((nanosecondsOf(last.FinishedAt) + start) / 2n);
}
