/** Between two questions: as often as that costs little. */
const PAUSE_MS = 100;
/**
 * A command that answers takes a core, which what is awaited needs: for so many times as long
 * nothing is asked.
 */
const REST = 2;

/**
 * Asks until the answer is something other than undefined, or throws with what was last seen.
 * @param describe what is awaited, and the last thing seen, for the error
 * @param rest 0 where the question itself has to go on
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
