import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { argv } from 'node:process';
import { describeHolder, removeIfEmpty, tryFileLock } from '../../../util/file-lock.ts';
import { outputLog } from '../../../util/output.ts';
import { ownIdentity } from '../../../util/processes.ts';
import { messageOf } from '../../../util/product-error.ts';
import { runLayout, socketPaths } from '../launch.ts';
import { readState, STATE_FORMAT, type SupervisorTask, writeState } from '../state-file.ts';
import { stopRecorded } from '../stop-stack.ts';
import { ControlServer } from './control-channel.ts';
import { Supervisor } from './supervisor.ts';
import { Watchdog } from './watchdog.ts';

/** With nothing to run and nobody connected, a supervisor ends by itself after this time. */
const IDLE_EXIT_MS = 5000;

const say = outputLog();

/** How soon the state is recorded again after a failure, such as a full disk. */
const RECORD_AGAIN_MS = 1000;

/**
 * The detached process that owns one stack's services. Its arguments are RUN_DIR and its task; its
 * output goes to its own log.
 */
async function main(runDir: string, { services, emptied }: SupervisorTask): Promise<void> {
  const layout = runLayout(runDir);
  const { lock, holder } = await tryFileLock(layout.lock);
  if (!lock) return say(`another supervisor, ${describeHolder(holder)}, holds ${layout.lock}`);

  const left = await stopRecorded(layout, readState(layout.stateFile));
  if (left.length > 0) say(`stopped what an earlier supervisor had left: ${left.join(', ')}`);
  // They belong to processes that no longer exist.
  for (const folder of [...emptied, layout.scratch]) rmSync(folder, { recursive: true, force: true });

  const watchdog = new Watchdog(
    () => record(),
    (error) => say(`no watchdog could be started: ${error.message}`),
  );
  let socket = '';
  let ended = false;
  let unrecorded: NodeJS.Timeout | undefined;
  const record = () => {
    clearTimeout(unrecorded);
    try {
      writeState(layout.stateFile, {
        format: STATE_FORMAT,
        supervisor: ended ? undefined : { ...ownIdentity(), socket, watchdog: watchdog.pid },
        services: supervisor.record(),
      });
      if (unrecorded) say('the state is recorded again');
      unrecorded = undefined;
    } catch (error) {
      // A full disk must not stop the stack. Clients of the socket still get the truth.
      if (!unrecorded) say(`the state could not be recorded: ${messageOf(error)}`);
      unrecorded = setTimeout(record, RECORD_AGAIN_MS).unref();
    }
  };
  const supervisor = new Supervisor(layout, services, watchdog, (news) => {
    if (news) say(news);
    record();
  });

  const end = async () => {
    if (ended) return;
    ended = true;
    clearTimeout(idle);
    record();
    await watchdog.stop();
    await server.close();
    // It is empty when the supervisor is ended before it listens.
    if (socket !== '') rmSync(socket, { force: true });
    lock.release();
    if (socket !== '') removeIfEmpty(dirname(socket));
    removeIfEmpty(layout.control);
    say('ended');
  };
  const shutdown = async () => {
    const stopped = await supervisor.shutdown();
    say(`stopped ${stopped.join(', ') || 'nothing'}`);
    // The answer goes out before the socket is closed.
    setImmediate(() => void end());
    return stopped;
  };

  let idle: NodeJS.Timeout | undefined;
  const endWhenIdle = () => {
    clearTimeout(idle);
    if (!ended) idle = setTimeout(() => (supervisor.active ? endWhenIdle() : void end()), IDLE_EXIT_MS);
  };
  const server = new ControlServer({ ...supervisor.operations, shutdown }, (connections) => {
    if (connections > 0) clearTimeout(idle);
    else endWhenIdle();
  });
  // The terminal that `up` ran in may close.
  process.on('SIGHUP', () => undefined);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      shutdown().catch((error) => say(`${signal}: ${messageOf(error)}`));
    });
  }
  socket = await listenAnywhere(server, socketPaths(layout));
  endWhenIdle();
  watchdog.start();
  say(`process ${process.pid} serves ${socket}`);
}

/**
 * Listens on the first path that works: not every file system has sockets, or permissions that keep
 * other users out.
 * @returns the socket's path
 * @throws Error with the last reason
 */
async function listenAnywhere(server: ControlServer, paths: readonly string[]): Promise<string> {
  let last: unknown = new Error('every path for it is too long');
  for (const path of paths) {
    try {
      makePrivateFolder(dirname(path));
      rmSync(path, { force: true });
      await server.listen(path);
      return path;
    } catch (error) {
      last = error;
      say(`no socket at ${path}: ${messageOf(error)}`);
    }
  }
  throw new Error(`no control socket can be made: ${messageOf(last)}`);
}

/**
 * @throws Error when the folder is another user's or open to others: anyone who can write there
 * could replace the socket
 */
function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const status = lstatSync(folder);
  if (!status.isDirectory() || status.uid !== process.getuid?.()) {
    throw new Error(`${folder} is not a folder of this user`);
  }
  chmodSync(folder, 0o700);
}

const [, , runDir, task] = argv;
if (!runDir || !task) throw new Error('usage: supervisor-main.ts RUN_DIR TASK');
await main(runDir, JSON.parse(task) as SupervisorTask);
