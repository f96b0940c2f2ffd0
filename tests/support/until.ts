/**
 * Asks until the answer is something other than undefined, or throws with what was last seen.
 * @param describe what is awaited, and the last thing seen, for the error
 */
export async function until<T>(
  describe: () => string,
  timeoutMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
