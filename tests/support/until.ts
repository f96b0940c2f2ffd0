/** The pause between two checks, as short as is cheap. */
const PAUSE_MS = 100;
/**
 * A command takes a core, which the awaited work needs. The pause after a check is at least this
 * many times as long as the check.
 */
const REST = 2;

/**
 * Checks until the result is not undefined, or throws with what was last seen.
 * @param describe what is awaited, and the last thing seen, for the error
 * @param rest 0 where the checks have to follow each other
 */
export async function until<T>(
  describe: () => string,
  timeoutMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
  rest = REST,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const asked = performance.now();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${describe()}`);
    const pauseMs = Math.max(PAUSE_MS, rest * (performance.now() - asked));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
