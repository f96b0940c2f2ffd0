import type { StackConfig } from '../config/stack-config.ts';
import type { EngineAnswer } from '../runtime/compose/engine.ts';
import { installText } from '../runtime/local/provision/install-advice.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** Docker's engine and its Compose plugin, of which only the Compose runtime makes use. */
export function checkDocker({ settings }: StackConfig, answer: EngineAnswer): readonly DoctorCheck[] {
  const name = 'Docker';
  if (answer.engine) {
    const { version, composeVersion, host } = answer.engine;
    return [{ name, state: 'ok', detail: `engine ${version} at ${host}, Compose ${composeVersion}` }];
  }
  const isAsked = settings.RUNTIME === 'compose';
  return [
    {
      name,
      state: isAsked ? 'problem' : 'note',
      detail: `${answer.declined}${isAsked ? '' : '; the stack runs without, as local processes'}`,
      remedy: `Install Docker with Compose 2.30 or newer, and start it: ${installText('docker')}`,
    },
  ];
}
