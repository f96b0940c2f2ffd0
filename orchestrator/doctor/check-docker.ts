import type { StackConfig } from '../config/stack-config.ts';
import type { EngineAnswer } from '../runtime/compose/engine.ts';
import { installCommand } from '../runtime/local/provision/install-command.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** Docker's engine and its Compose plugin, of which only the Compose runtime makes use. */
export function checkDocker({ settings }: StackConfig, answer: EngineAnswer): readonly DoctorCheck[] {
  const name = 'Docker';
  if (answer.engine) {
    const { version, composeVersion, host } = answer.engine;
    return [{ name, state: 'ok', detail: `engine ${version} at ${host}, Compose ${composeVersion}` }];
  }
  const isAsked = settings.RUNTIME === 'compose';
  const install = installCommand('docker');
  return [
    {
      name,
      state: isAsked ? 'problem' : 'note',
      detail: `${answer.declined}${isAsked ? '' : '; the stack runs without, as local processes'}`,
      remedy: install
        ? `${install}, and start the engine`
        : 'Install Docker with the Compose plugin, and start it.',
    },
  ];
}
