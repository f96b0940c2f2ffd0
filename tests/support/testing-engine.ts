import { askEngine, type EngineAnswer } from '../../orchestrator/runtimes/compose/engine.ts';

let asked: Promise<EngineAnswer> | undefined;

/**
 * The engine for tests that need one. Without one they are skipped with the reason, unless
 * REQUIRE_DOCKER=1 demands one.
 */
export async function testingEngine(): Promise<EngineAnswer> {
  asked ??= askEngine(process.env, 15_000);
  const answer = await asked;
  if (!answer.engine && process.env['REQUIRE_DOCKER'] === '1') {
    throw new Error(`REQUIRE_DOCKER=1, but ${answer.declined}`);
  }
  return answer;
}
