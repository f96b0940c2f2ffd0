import type { StackConfig } from '../config/stack-config.ts';
import { installCommand } from '../runtime/local/provision/install-command.ts';
import { runTool } from '../runtime/local/provision/run-tool.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** An engine that takes longer is in trouble. */
const ANSWER_TIMEOUT_MS = 5000;

/** Docker's engine and its Compose plugin, of which only the Compose runtime makes use. */
export async function checkDocker(config: StackConfig, signal: AbortSignal): Promise<readonly DoctorCheck[]> {
  const missing = config.settings.RUNTIME === 'compose' ? 'problem' : 'note';
  const engine = await ask(['version', '--format', '{{.Server.Version}}'], config, signal);
  const compose = await ask(['compose', 'version', '--short'], config, signal);
  if (engine.version && compose.version) {
    return [{ name: 'Docker', state: 'ok', detail: `engine ${engine.version}, Compose ${compose.version}` }];
  }
  const found = engine.version ? `engine ${engine.version}, no Compose plugin` : engine.problem;
  const install = installCommand('docker');
  return [
    {
      name: 'Docker',
      state: missing,
      detail: `${found}${missing === 'note' ? '; the stack runs without, as local processes' : ''}`,
      remedy: install ? `${install}, and start the engine` : 'Install Docker with the Compose plugin.',
    },
  ];
}

async function ask(
  args: readonly string[],
  { environment }: StackConfig,
  signal: AbortSignal,
): Promise<{ readonly version?: string; readonly problem: string }> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  try {
    const within = AbortSignal.any([signal, timeout]);
    const end = await runTool({ file: 'docker', args, cwd: '/', environment, signal: within });
    const line = end.lines.find((text) => text.trim() !== '')?.trim() ?? '';
    if (end.succeeded && line) return { version: line, problem: '' };
    return { problem: `no engine answers: ${line || end.detail}` };
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) return { problem: `no engine answered within ${ANSWER_TIMEOUT_MS / 1000} s` };
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { problem: 'not installed' };
    throw error;
  }
}
