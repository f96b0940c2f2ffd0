import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { ProductError } from './product-error.ts';
import { userCommand } from './user-command.ts';

/** A file that marks the folder around it as this product's. */
export const MARKER = '.medallion-stream';

const TEXT = `This folder was made by medallion-stream. \`${userCommand('reset')}\` deletes what the stack wrote here.\n`;

const CHECKOUT_LINE = 'Checkout: ';

/**
 * Creates a folder, or takes over one that holds nothing but known entries, and marks it as the
 * product's own.
 * @param mode of a folder that is created
 * @param known whether an entry's name may exist before the folder is taken over
 * @param checkout the owning checkout, where the marker is to name it
 * @returns the foreign names that keep it from being taken over; none when it is the product's now
 */
export function claimFolder(
  path: string,
  mode: number,
  known: (name: string) => boolean,
  checkout?: string,
): readonly string[] {
  mkdirSync(path, { recursive: true, mode });
  if (isOwnFolder(path)) return [];
  const foreign = readdirSync(path).filter((name) => !known(name));
  if (foreign.length === 0) markFolder(path, checkout);
  return foreign;
}

/**
 * Creates OUTPUT_DIR, readable by others as most folders are, and marks it unless it had other
 * things in it before.
 */
export function claimOutputDir(outputDir: string, checkout: string): void {
  claimFolder(outputDir, 0o755, () => false, checkout);
}

/** Marks a folder as the product's own, and as that of a checkout. */
export function markFolder(path: string, checkout: string | undefined): void {
  const line = checkout === undefined ? '' : `${CHECKOUT_LINE}${checkout}\n`;
  writeFileSync(join(path, MARKER), `${TEXT}${line}`);
}

/** Returns the checkout that owns a folder by its marker; undefined when the marker names none. */
export function checkoutOf(path: string): string | undefined {
  if (!isOwnFolder(path)) return undefined;
  const lines = readFileSync(join(path, MARKER), 'utf8').split('\n');
  return lines.find((line) => line.startsWith(CHECKOUT_LINE))?.slice(CHECKOUT_LINE.length);
}

/** Whether the product created the folder or took it over. */
export function isOwnFolder(path: string): boolean {
  return existsSync(join(path, MARKER));
}

/** Returns a folder, or the nearest existing one above it, in which it would be created. */
export function nearestExisting(folder: string): string {
  const missing = missingBelow(folder);
  return missing === undefined ? folder : dirname(missing);
}

/**
 * Checks whether a folder can be written, or created where it is missing. The first missing folder
 * is created and removed again: some file systems grant every right and refuse nevertheless, and
 * Node's recursive mkdir never ends on those.
 * @throws Error that names the obstacle
 */
export function assertUsableFolder(folder: string): void {
  const existing = nearestExisting(folder);
  if (!statSync(existing).isDirectory()) throw new Error(`${existing} is not a folder`);
  accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK);
  const missing = missingBelow(folder);
  if (missing === undefined) return;
  mkdirSync(missing);
  rmdirSync(missing);
}

/** Returns the first folder on the way down to `folder` that does not exist. */
function missingBelow(folder: string): string | undefined {
  let missing: string | undefined;
  for (let at = folder; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing = at;
  return missing;
}

/**
 * With less than this on its disk no service is started: Kafka's and ZooKeeper's first files alone
 * take that much.
 */
export const LEAST_FREE_BYTES = 32_000_000;

/**
 * Returns the free space on the disk of a folder, which need not exist yet. Part of it may be
 * root's alone.
 */
export function freeBytes(folder: string): number {
  const { bavail, bfree, bsize } = statfsSync(nearestExisting(folder));
  return (process.getuid?.() === 0 ? bfree : bavail) * bsize;
}

/** "0 MB are free on the disk of FOLDER", when that is too little to start anything. */
export function shortageOf(folder: string): string | undefined {
  const free = freeBytes(folder);
  return free < LEAST_FREE_BYTES ? `${megabytes(free)} are free on the disk of ${folder}` : undefined;
}

/** Decimal megabytes, as package tools show them. */
export const megabytes = (bytes: number): string => `${Math.floor(bytes / 1e6)} MB`;

/** Folders of the product's own, by the setting that moves them. */
export type OwnFolders = Readonly<Record<string, string>>;

const REFUSALS = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'];

/**
 * Errors of paths that lead to no folder, and why. The setting is wrong where the path is below
 * one; elsewhere the error is a defect.
 */
const NO_FOLDER: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of the path is a file',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
};

/**
 * Turns the system's refusal of a file of ours into a sentence that names the folder, its owner and
 * the remedy. Every command may meet such a file after root has run another command. Any other
 * error is returned unchanged.
 */
export function explainAccess(error: unknown, folders: OwnFolders): unknown {
  if (error instanceof AggregateError) {
    return new AggregateError(
      error.errors.map((one) => explainAccess(one, folders)),
      error.message,
    );
  }
  // The wrapping error knows less than the refusal itself.
  const cause = error instanceof ProductError && error.code === 'STOP_FAILED' ? error.cause : error;
  if (error instanceof ProductError && cause === error) return error;
  const { code: given = '', path, syscall } = (cause ?? {}) as NodeJS.ErrnoException;
  const code = given === 'ENOENT' && syscall === 'mkdir' && path ? reasonWithoutFolder(path) : given;
  if (typeof path !== 'string') return error;
  const [setting, folder] = Object.entries(folders).find(([, own]) => isWithin(own, path)) ?? [];
  if (!REFUSALS.includes(code) && !(setting && code in NO_FOLDER)) return error;
  return new ProductError('OUTPUT_NOT_WRITABLE', {
    message: `${setting ? `${setting}=${folder}` : path} cannot be used: ${reasonOf(code, path)} (${code}${folder === path || !setting ? '' : `, ${path}`}).`,
    hint: hintOf(code, path, folder ?? path, setting),
    cause,
  });
}

/**
 * Node's recursive mkdir reports ENOENT where the system reported EROFS or ENOSPC, so the first
 * missing folder is tried again.
 */
function reasonWithoutFolder(path: string): string {
  const above = dirname(path);
  if (above !== path && !existsSync(above)) return reasonWithoutFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'ENOENT';
  }
  rmdirSync(path);
  return 'ENOENT';
}

function reasonOf(code: string, path: string): string {
  if (code in NO_FOLDER) return String(NO_FOLDER[code]);
  if (code === 'EROFS') return 'its file system is read-only';
  if (code === 'ENOSPC' || code === 'EDQUOT') return `${megabytes(freeBytes(path))} are free on its disk`;
  const owner = ownerOf(path);
  return owner === process.getuid?.() ? 'its permissions forbid it' : `it belongs to ${nameOf(owner)}`;
}

function hintOf(code: string, path: string, folder: string, setting: string | undefined): string {
  const elsewhere = setting ? `, or set ${setting} to another folder` : '';
  if (code in NO_FOLDER) return `Set ${setting} to another folder.`;
  if (code === 'EROFS') return `Make it writable${elsewhere}.`;
  if (code === 'ENOSPC' || code === 'EDQUOT') return `Free some space${elsewhere}.`;
  const owner = ownerOf(path);
  if (owner === process.getuid?.()) return `Run \`chmod -R u+rwX '${folder}'\`${elsewhere}.`;
  const me = `${process.getuid?.()}:${process.getgid?.()}`;
  return `Run the command as ${nameOf(owner)}, or \`${userCommand('down')}\` as ${nameOf(owner)} and then \`sudo chown -R ${me} '${folder}'\`${elsewhere}.`;
}

/** Returns the owner of the file, or of the nearest folder above it that is visible. */
function ownerOf(path: string): number {
  try {
    return statSync(path).uid;
  } catch {
    return dirname(path) === path ? 0 : ownerOf(dirname(path));
  }
}

const nameOf = (uid: number): string => (uid === 0 ? 'root' : `the user with id ${uid}`);

/**
 * Returns this user's name; undefined where the id has no entry in the user list, as in a container
 * with an arbitrary id.
 */
export function userNameOf(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function isWithin(folder: string, path: string): boolean {
  const below = relative(folder, path);
  return below === '' || !(below === '..' || below.startsWith('../'));
}

/**
 * Whether a folder is still a checkout of this product. A checkout that was moved, renamed or
 * deleted leaves nothing at its path.
 */
export function isCheckout(folder: string): boolean {
  return existsSync(join(folder, 'docker-compose.yml'));
}

export interface ForeignStack {
  /** What another checkout owns, as a subject: "The Compose project medallion-stream". */
  readonly what: string;
  /** The folder of the checkout that owns it. */
  readonly owner: string;
  /** How this checkout gets a stack of its own: "set RUN_DIR". */
  readonly instead: string;
}

/** Returns the error for a command that would change the stack or the data of another checkout. */
export function foreignStack({ what, owner, instead }: ForeignStack): ProductError {
  return isCheckout(owner)
    ? new ProductError('FOREIGN_STACK', {
        message: `${what} belongs to the checkout ${owner}; nothing was changed.`,
        hint: `Run the command in ${owner}, or ${instead}.`,
      })
    : new ProductError('FOREIGN_STACK', {
        message: `${what} belongs to the checkout ${owner}, which no longer exists; nothing was changed.`,
        hint: `Run the command with \`-- --take-over\` to make it this checkout's, or ${instead}.`,
      });
}
