// A lock between processes that the kernel holds: flock(2) on a file. It ends with the last
// descriptor of its holder, however that ends, and holds between containers and PID namespaces that
// share the folder. Plain JavaScript without packages: bootstrap.mjs takes a lock before anything
// is installed.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Who holds a lock, as written into its file: for messages, never for decisions.
 * @typedef {object} LockHolder
 * @property {number} pid in the holder's own PID namespace
 * @property {string} [startTime] when that process started, to distinguish it from a later one with
 * its id
 * @property {string} host
 * @property {string} command what it runs
 * @property {string} since ISO 8601
 * @property {string} [folder] for whom it holds the lock, such as a checkout
 */

/**
 * @typedef {object} KernelLock
 * @property {number} descriptor close-on-exec; a child that is given it on purpose goes on holding
 * the lock
 * @property {() => void} release
 */

/** Why a lock could be neither taken nor refused: no tool, or a file system without locks. */
export class LockUnavailable extends Error {}

// Node has no flock(2). The lock belongs to the open file and not to the process that asked for it:
// a child that takes it on an inherited descriptor leaves it to us. Each tool exits with 1 and no
// output when another process holds the lock.
const FLOCK_TOOLS = [
  ['flock', '-n', '3'],
  [
    'perl',
    '-MErrno=EWOULDBLOCK',
    '-e',
    'open(my $f, "+<&=", 3) or die $!; flock($f, 6) and exit 0; $! == EWOULDBLOCK or die $!; exit 1',
  ],
  ['python3', '-c', 'import fcntl, sys\ntry: fcntl.flock(3, 6)\nexcept BlockingIOError: sys.exit(1)'],
];
const HELD = 1;

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 500;

/**
 * How often the folder may vanish during an attempt: the process that releases the last lock in it
 * removes it.
 */
const OPEN_ATTEMPTS = 100;

/**
 * Takes a lock without waiting for its holder.
 * @param {string} file its folder is created; the file is removed on release
 * @param {Partial<LockHolder>} [holder] what is to be written about this process beyond pid, host,
 * command and time
 * @returns {Promise<{ lock: KernelLock, holder?: never } | { lock?: never, holder: LockHolder |
 * undefined }>} the lock, or who holds it where that can be read
 * @throws {LockUnavailable}
 * @throws {NodeJS.ErrnoException} when the file cannot be opened
 */
export async function tryKernelLock(file, holder = {}) {
  for (;;) {
    const descriptor = open(file);
    let taken = false;
    try {
      if (!(await flock(descriptor, file))) return { holder: lockHolder(file) };
      // An earlier holder may have removed the file. Then this is not the file that others find.
      taken = isSameFile(descriptor, file);
    } finally {
      if (!taken) fs.closeSync(descriptor);
    }
    if (!taken) continue;
    describe(descriptor, holder);
    return { lock: { descriptor, release: once(() => release(descriptor, file)) } };
  }
}

/**
 * Takes a lock, waiting for as long as others hold it.
 * @param {string} file
 * @param {object} options
 * @param {AbortSignal} [options.signal]
 * @param {(holder: LockHolder | undefined) => void} [options.onWait] called when another process is
 * found to hold it
 * @param {Partial<LockHolder>} [options.holder]
 * @returns {Promise<KernelLock>}
 * @throws the signal's reason when aborted; what tryKernelLock throws
 */
export async function waitForKernelLock(file, { signal, onWait, holder }) {
  let told;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted();
    const attempt = await tryKernelLock(file, holder);
    if (attempt.lock) return attempt.lock;
    const name = `${attempt.holder?.pid} ${attempt.holder?.since}`;
    if (told !== name) onWait?.(attempt.holder);
    told = name;
    await sleep(pauseMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

/**
 * Reads the holder of a lock from its file; the holder may have ended since.
 * @param {string} file
 * @returns {LockHolder | undefined}
 */
export function lockHolder(file) {
  try {
    const holder = JSON.parse(fs.readFileSync(file, 'utf8'));
    return Number.isInteger(holder?.pid) ? holder : undefined;
  } catch {
    // The file is being written, another user's, or of an earlier version. It is for messages only.
    return undefined;
  }
}

/** @param {string} file */
function open(file) {
  for (let attempt = 1; ; attempt++) {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    try {
      return fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (attempt === OPEN_ATTEMPTS || (code !== 'ENOENT' && code !== 'EISDIR')) throw error;
      if (code === 'EISDIR') removeFormerLock(file);
    }
  }
}

/**
 * Earlier versions had a folder of files where the lock is now. Another process may remove it at
 * the same time, and may have created the lock already: neither call removes a file that has the
 * folder's name.
 * @param {string} folder
 */
function removeFormerLock(folder) {
  try {
    for (const name of fs.readdirSync(folder)) fs.unlinkSync(path.join(folder, name));
    fs.rmdirSync(folder);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) throw error;
  }
}

/** The tool that this machine has, once it is known. */
let knownTool = 0;

/**
 * @param {number} descriptor
 * @param {string} file
 * @returns {Promise<boolean>} false when another holds the lock
 */
async function flock(descriptor, file) {
  let reason = 'there is neither `flock` (util-linux, BusyBox) nor perl nor python3';
  for (const [index, tool] of FLOCK_TOOLS.entries()) {
    if (index < knownTool) continue;
    const { code, signal, stderr, missing } = await run(tool, descriptor);
    if (missing) continue;
    if (code === 0 || (code === HELD && stderr === '')) {
      knownTool = index;
      return code === 0;
    }
    reason = `${tool[0]} could not lock ${file}: ${stderr.split('\n').at(-1) || `it ended with ${signal ?? code}`}`;
  }
  throw new LockUnavailable(reason);
}

/**
 * @param {readonly string[]} command
 * @param {number} descriptor its descriptor 3
 * @returns {Promise<{ code: number | null, signal?: string | null, stderr: string, missing?:
 * boolean }>}
 */
function run([file = '', ...args], descriptor) {
  return new Promise((resolve, reject) => {
    // In a session of its own, Ctrl-C cannot end it between the lock and its exit code.
    const child = spawn(file, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe', descriptor] });
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', (error) => {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === 'ENOENT' || code === 'EACCES') resolve({ code: null, stderr: '', missing: true });
      else reject(error);
    });
    child.once('close', (code, signal) => resolve({ code, signal, stderr: stderr.trim() }));
  });
}

/**
 * @param {number} descriptor
 * @param {string} file
 */
function isSameFile(descriptor, file) {
  const there = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  const ours = fs.fstatSync(descriptor, { bigint: true });
  return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
}

/**
 * @param {number} descriptor
 * @param {Partial<LockHolder>} holder
 */
function describe(descriptor, holder) {
  const [, script = '', ...args] = process.argv;
  const text = JSON.stringify({
    pid: process.pid,
    host: os.hostname(),
    command: [path.basename(script), ...args].join(' ').slice(0, 200),
    since: new Date().toISOString(),
    ...holder,
  });
  try {
    fs.ftruncateSync(descriptor);
    fs.writeSync(descriptor, text, 0);
  } catch {
    // On a full disk the lock still holds, but its file names no holder.
  }
}

/**
 * @param {number} descriptor
 * @param {string} file
 */
function release(descriptor, file) {
  try {
    if (isSameFile(descriptor, file)) fs.unlinkSync(file);
  } catch {
    // A file that stays is no obstacle to the next holder.
  }
  fs.closeSync(descriptor);
}

/** @param {() => void} action */
function once(action) {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
