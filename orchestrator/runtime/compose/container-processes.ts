import { execa } from 'execa';
import { DRIVER_APPLICATION, DRIVER_MAIN_CLASS } from '../spark-processes.ts';
import type { Environment } from './engine.ts';

/**
 * Does something to every process of a container whose command line names a main class: a signal by its name, or the soft limit of
 * its files' size. Python, because the Spark image has it, and neither pgrep nor prlimit is certain. It prints how many it reached.
 */
const SCRIPT = `
import os, resource, signal, sys
main_class, action, value, driver, application = sys.argv[1:]
lines = {}
for entry in os.listdir('/proc'):
    if entry.isdigit() and int(entry) != os.getpid():
        try:
            with open('/proc/%s/cmdline' % entry, 'rb') as file:
                lines[entry] = [word.decode(errors='replace') for word in file.read().split(b'\\0')]
        except (FileNotFoundError, ProcessLookupError):
            pass
has_begun = any(driver not in words and words[1:2] and words[1].endswith(application) for words in lines.values())
reached = 0
for entry in lines:
    try:
        if main_class not in lines[entry] or (action == 'limit' and main_class == driver and not has_begun):
            continue
        if action == 'signal':
            os.kill(int(entry), signal.Signals[value])
        elif action == 'limit':
            hard = resource.prlimit(int(entry), resource.RLIMIT_FSIZE)[1]
            soft = hard if value == 'hard' else int(value)
            resource.prlimit(int(entry), resource.RLIMIT_FSIZE, (soft, hard))
        reached += 1
    except (FileNotFoundError, ProcessLookupError):
        pass
print(reached)
`;

const NOT_RUNNING = /is not running|is restarting|is paused|No such container|OCI runtime exec failed/;

/** 128 and SIGKILL. */
const KILLED = 137;

/** What can be done to processes inside a container. */
export type ContainerAction =
  | { readonly signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' }
  /** Soft limit in bytes, or back to the hard one. */
  | { readonly fileSize: number | 'hard' }
  | 'count';

/**
 * @param mainClass a word of the command line
 * @returns how many processes it was done to; 0 also when the container does not run
 * @throws Error with the words of `docker exec`
 */
export async function actInContainer(
  container: string,
  mainClass: string,
  action: ContainerAction,
  environment: Environment,
): Promise<number> {
  const words =
    action === 'count'
      ? ['count', '']
      : 'signal' in action
        ? ['signal', action.signal]
        : ['limit', String(action.fileSize)];
  const { failed, exitCode, stdout, stderr } = await execa(
    'docker',
    ['exec', container, 'python3', '-c', SCRIPT, mainClass, ...words, DRIVER_MAIN_CLASS, DRIVER_APPLICATION],
    { env: environment, extendEnv: false, reject: false, stdin: 'ignore' },
  );
  if (!failed) return Number(stdout.trim());
  // It has ended, is between two starts, is paused, or was killed while it was asked.
  if (exitCode === KILLED || NOT_RUNNING.test(stderr)) return 0;
  throw new Error(`docker exec in ${container}: ${stderr.trim() || `exit code ${exitCode}, without a word`}`);
}
