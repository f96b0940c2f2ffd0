import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename } from 'node:path';
import { promisify } from 'node:util';

/** A process that listens on a port. */
export interface PortOwner {
  readonly pid: number;
  /**
   * The program, with the script or main class of an interpreter ("java kafka.Kafka"). Other
   * arguments are left out, as they may be secret.
   */
  readonly command: string;
  /** Its working folder, where the system reveals it. */
  readonly cwd?: string;
}

/**
 * Whether a server could listen there now, found out by listening briefly.
 * @throws the system's error for anything but a port in use, such as EACCES for a privileged one
 */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * The system takes longer to close what a killed process had open than to end the process, above
 * all on a busy machine.
 */
const CLOSING_TIMEOUT_MS = 5000;
const CLOSING_POLL_MS = 50;

/**
 * Whether a server could listen there, now or as soon as the system has closed the port of a
 * process that has just ended. Such a port is in use, but has no visible owner.
 * @param ownerOf returns its visible owner
 * @throws the system's error for anything but a port in use
 */
export async function isPortFreeSoon(
  host: string,
  port: number,
  ownerOf: (port: number) => Promise<PortOwner | undefined> = portOwner,
): Promise<boolean> {
  const deadline = performance.now() + CLOSING_TIMEOUT_MS;
  for (;;) {
    if (await isPortFree(host, port)) return true;
    if (performance.now() > deadline || (await ownerOf(port)) !== undefined) return false;
    await new Promise((resolve) => setTimeout(resolve, CLOSING_POLL_MS));
  }
}

/**
 * Returns who listens on a TCP port of this machine, on any address. Undefined when nobody does,
 * and when the system does not reveal it: a process of another user, one outside this container, or
 * no `lsof` where there is no /proc.
 */
export async function portOwner(port: number): Promise<PortOwner | undefined> {
  return process.platform === 'linux' ? ownerFromProc(port) : ownerFromLsof(port);
}

/** Format: proc(5), /proc/net/tcp; addresses and ports are hexadecimal, state 0A is LISTEN. */
async function ownerFromProc(port: number): Promise<PortOwner | undefined> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readOrEmpty));
  const sockets = new Set(tables.flatMap((table) => listeningSockets(table, port)));
  if (sockets.size === 0) return undefined;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (await holdsOne(pid, sockets)) return describe(Number(pid));
  }
  return undefined;
}

/** Returns the socket links (`socket:[inode]`) of a /proc/net/tcp table that listen on the port. */
export function listeningSockets(table: string, port: number): string[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local, , state]) => state === '0A' && Number.parseInt(local?.split(':')[1] ?? '', 16) === port,
    )
    .map((fields) => `socket:[${fields[9]}]`);
}

async function holdsOne(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  // A process that has just ended, or one of another user, shows no descriptors.
  const descriptors = await readdir(folder).catch(() => []);
  const targets = await Promise.all(descriptors.map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
  return targets.some((target) => sockets.has(target));
}

async function describe(pid: number): Promise<PortOwner> {
  const args = (await readOrEmpty(`/proc/${pid}/cmdline`)).split('\0').slice(0, -1);
  const name = (await readOrEmpty(`/proc/${pid}/comm`)).trim();
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return { pid, command: programOf(args) || name, ...(cwd !== undefined && { cwd }) };
}

async function ownerFromLsof(port: number): Promise<PortOwner | undefined> {
  const listening = await output('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fp']);
  const pid = Number(/^p(\d+)$/m.exec(listening)?.[1]);
  if (!pid) return undefined;
  const args = (await output('ps', ['-ww', '-o', 'args=', '-p', String(pid)])).trim().split(/\s+/);
  const cwd = /^n(\/.*)$/m.exec(await output('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fn']))?.[1];
  return { pid, command: programOf(args), ...(cwd !== undefined && { cwd }) };
}

/**
 * lsof exits 1 when it finds nothing; it may also be absent. In both cases the owner stays unknown.
 */
function output(file: string, args: readonly string[]): Promise<string> {
  return promisify(execFile)(file, [...args], { timeout: 5000 }).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

const INTERPRETER = /^(java|node|bun|deno|python[\d.]*|ruby|perl|bash|sh)$/;

/** Options of `java` that take the next argument. */
const TAKES_VALUE =
  /^(-cp|-classpath|--class-path|-p|--module-path|--add-opens|--add-exports|--add-modules)$/;

/**
 * Returns the part of a command line that can be shown: the program, and what an interpreter runs.
 */
export function programOf(args: readonly string[]): string {
  const program = basename(args[0] ?? '');
  if (!INTERPRETER.test(program)) return program;
  const run = args.find(
    (arg, index) => index > 0 && !arg.startsWith('-') && !TAKES_VALUE.test(args[index - 1] ?? ''),
  );
  return run === undefined ? program : `${program} ${basename(run)}`;
}

const readOrEmpty = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** A host and a port as seen from the machine that the orchestrator runs on. */
export interface Address {
  readonly host: string;
  readonly port: number;
}
