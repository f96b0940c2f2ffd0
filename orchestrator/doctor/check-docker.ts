import type { StackConfig } from '../config/stack-config.ts';
import type { ComposeObstacle } from '../runtime/compose/compose-obstacle.ts';
import type { EngineAnswer } from '../runtime/compose/engine.ts';
import { installText } from '../runtime/local/provision/install-advice.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** Docker's engine and its Compose plugin, of which only the Compose runtime makes use. */
export function checkDocker(
  { settings }: StackConfig,
  answer: EngineAnswer,
  obstacle: ComposeObstacle | undefined,
): readonly DoctorCheck[] {
  const name = 'Docker';
  const isAsked = settings.RUNTIME === 'compose';
  const state = isAsked ? 'problem' : 'note';
  const otherwise = isAsked ? '' : '; the stack runs without, as local processes';
  if (obstacle) return [{ name, state, detail: `${obstacle.reason}${otherwise}`, remedy: obstacle.hint }];
  if (answer.engine) {
    const { version, composeVersion, host } = answer.engine;
    return [{ name, state: 'ok', detail: `engine ${version} at ${host}, Compose ${composeVersion}` }];
  }
  return [
    {
      name,
      state,
      detail: `${answer.declined}${otherwise}`,
      remedy: `Install Docker with Compose 2.30 or newer, and start it: ${installText('docker')}`,
    },
  ];
}
