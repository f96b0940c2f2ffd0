import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Reads "add GROUP" and "del GROUP", and kills the groups when the pipe ends. Only the supervisor
 * holds the pipe's other end (Node opens it close-on-exec), so the pipe ends with the supervisor,
 * however that ends.
 */
const SCRIPT = `
groups=
while read -r verb group; do
  case $verb in
    add) groups="$groups $group" ;;
    del) kept=
         for known in $groups; do [ "$known" = "$group" ] || kept="$kept $known"; done
         groups=$kept ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
`;

/** How soon a watchdog is started again after the system has refused a process. */
const START_AGAIN_MS = 1000;

/**
 * A tiny process that outlives the supervisor just long enough to kill its services, even after
 * kill -9.
 */
export class Watchdog {
  readonly #groups = new Set<number>();
  #process: ChildProcess | undefined;
  #stopped = false;
  readonly #onStart: () => void;
  readonly #onRefusal: (error: Error) => void;

  /**
   * @param onStart called when it was started, also in place of one that ended
   * @param onRefusal called when the system refuses a process for it; it is tried again
   */
  constructor(onStart: () => void, onRefusal: (error: Error) => void) {
    this.#onStart = onStart;
    this.#onRefusal = onRefusal;
  }

  /** Process id of the watchdog. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): void {
    try {
      this.#spawn();
    } catch (error) {
      this.#startLater(error as Error);
    }
  }

  #startLater(error: Error): void {
    this.#process = undefined;
    this.#onRefusal(error);
    setTimeout(() => {
      if (!this.#stopped) this.start();
    }, START_AGAIN_MS).unref();
  }

  #spawn(): void {
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'medallion-stream-watchdog'], {
      cwd: '/',
      env: {},
      // In its own session, a signal to the supervisor's group or terminal does not reach it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // The system refused it for now, such as by a limit of processes; `exit` does not follow.
    child.once('error', (error) => this.#startLater(error));
    if (child.pid === undefined) return;
    this.#process = child;
    // A write to a watchdog that was killed fails; its exit is handled below.
    child.stdin?.on('error', () => undefined);
    child.once('exit', () => {
      if (!this.#stopped) this.start();
    });
    for (const group of this.#groups) this.#tell(`add ${group}`);
    this.#onStart();
  }

  /**
   * From now on the group dies with the supervisor. The pipe takes the line at once, so there is
   * nothing to wait for.
   */
  add(group: number): void {
    this.#groups.add(group);
    this.#tell(`add ${group}`);
  }

  /** The group no longer exists. */
  remove(group: number): void {
    this.#groups.delete(group);
    this.#tell(`del ${group}`);
  }

  /** Ends the watchdog, which kills the groups that still exist. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.stdin?.end();
    await exited;
  }

  #tell(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }
}
