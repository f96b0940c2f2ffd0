// Runs a command of this project with what a bare checkout has: Node alone.
//   node bootstrap.mjs <command> [options]     the orchestrator, in this very process
//   node bootstrap.mjs --exec <bin> [args]     a program of an installed package
// Packages are installed first when they are missing or not those of package-lock.json.
// The syntax is kept old on purpose: a Node that is too old must get as far as saying so.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE = [20, 19];
const MISSING_ON_MACHINE = 3;

const projectDir = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(projectDir, 'node_modules');
// npm empties the whole folder first and writes its own record last. Neither record survives an
// install that was cut short.
const npmRecord = path.join(modules, '.package-lock.json');
const ourRecord = path.join(modules, '.medallion-stream-lock');

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`error: unexpected: ${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});

function main(args) {
  if (process.platform === 'win32') {
    return Promise.resolve(
      fail(
        'medallion-stream does not run on Windows itself. [UNSUPPORTED_SYSTEM]',
        'Use WSL2 (`wsl --install`), with the checkout in its own file system (such as ~/medallion-stream), not under /mnt/c.',
      ),
    );
  }
  if (!isNodeNewEnough(process.versions.node)) {
    const wanted = OLDEST_NODE.join('.');
    return Promise.resolve(
      fail(
        `Node.js ${process.versions.node} is older than ${wanted}, which this needs. [NODE_TOO_OLD]`,
        `Install Node.js ${wanted} or newer (with nvm: \`nvm install 22\`), then run the command again.`,
      ),
    );
  }
  return installPackages().then((installed) => {
    if (!installed) return undefined;
    if (args[0] === '--exec') return execute(args[1], args.slice(2));
    return runOrchestrator(args);
  });
}

function isNodeNewEnough(version) {
  const parts = version.split('.').map(Number);
  return parts[0] > OLDEST_NODE[0] || (parts[0] === OLDEST_NODE[0] && parts[1] >= OLDEST_NODE[1]);
}

function fail(message, hint) {
  process.stderr.write(`error: ${message}\nhint: ${hint}\n`);
  process.exitCode = MISSING_ON_MACHINE;
  return false;
}

// It runs in this process, so that signals, terminal and exit code are the command's own and no
// second process has to start.
function runOrchestrator(args) {
  const entry = path.join(projectDir, 'orchestrator', 'main.ts');
  process.argv = [process.argv[0], entry].concat(args);
  return import('tsx/esm/api').then((tsx) => {
    tsx.register();
    return import(pathToFileURL(entry).href);
  });
}

function execute(bin, args) {
  const file = path.join(modules, '.bin', String(bin));
  if (!fs.existsSync(file)) {
    return fail(`No installed package has a program named ${bin}. [BAD_USAGE]`, 'See package.json.');
  }
  return run(file, args, { cwd: projectDir, stdio: 'inherit' }).then((end) => {
    process.exitCode = end.code;
  });
}

// --- packages
// ---------------------------------------------------------------------------------------------------------

// Resolves with whether the packages are installed.
function installPackages() {
  const lockfile = fs.readFileSync(path.join(projectDir, 'package-lock.json'), 'utf8');
  const fingerprint = createHash('sha256').update(lockfile).digest('hex');
  const reason = reasonToInstall(lockfile, fingerprint);
  if (reason === undefined || !canInstall(reason)) return Promise.resolve(reason === undefined);
  return takeLock().then((lock) => {
    if (!lock) return false;
    // The process that held the lock has probably installed them.
    if (reasonToInstall(lockfile, fingerprint) === undefined) {
      lock.release();
      return true;
    }
    process.stderr.write(`Installing packages (npm ci): ${reason}.\n`);
    return npmCi(lock).then(
      (end) => {
        if (end.code === 0) record(lockfile, fingerprint);
        lock.release();
        if (end.code === 0) return true;
        if (end.signal) {
          process.exitCode = 128 + os.constants.signals[end.signal];
          return false;
        }
        return fail(
          `npm ci ended with exit code ${end.code}; its own words are above. [PROVISION_FAILED]`,
          'Check the network, or HTTPS_PROXY, or the registry in your npm configuration, then run the command again.',
        );
      },
      (error) => {
        lock.release();
        return fail(
          `npm could not be run: ${error.message}. [PROVISION_FAILED]`,
          'Install npm (it comes with Node.js), or run `npm ci` by hand.',
        );
      },
    );
  });
}

// Returns why packages must be installed, as the end of a sentence; undefined when those of the
// lockfile are installed. Our record makes the check quick. Without it (in a checkout that cannot
// be written) npm's own record is compared.
function reasonToInstall(lockfile, fingerprint) {
  if (!fs.existsSync(npmRecord)) return 'node_modules is missing or not complete';
  const own = parsed(readOr(ourRecord, ''));
  if (own && own.lockfile === fingerprint) {
    if (own.platform !== platformName()) {
      return `node_modules was installed for ${own.platform}, and this is ${platformName()}`;
    }
    return missing(own.native || []);
  }
  // After an install by hand, npm's record must have every package of the lockfile that this
  // platform needs.
  const wanted = parsed(lockfile).packages;
  const installed = parsed(readOr(npmRecord, ''));
  const present = installed ? installed.packages : {};
  const other = Object.keys(wanted).find((name) => {
    if (name === '') return false;
    const one = present[name];
    return one
      ? one.version !== wanted[name].version || one.integrity !== wanted[name].integrity
      : wanted[name].optional !== true;
  });
  if (other !== undefined) return 'node_modules does not have the packages of package-lock.json';
  const lacking = missing(nativePackages(wanted));
  if (lacking === undefined) record(lockfile, fingerprint);
  return lacking;
}

function missing(names) {
  const gone = names.find((name) => !fs.existsSync(path.join(projectDir, name, 'package.json')));
  return (
    gone && `${gone.replace('node_modules/', '')}, which this platform (${platformName()}) needs, is missing`
  );
}

// Returns the packages that are built for this platform only.
function nativePackages(packages) {
  return Object.keys(packages).filter((name) => {
    const { os: systems, cpu, libc: libraries } = packages[name];
    if (!systems && !cpu) return false;
    return admits(systems, process.platform) && admits(cpu, process.arch) && admits(libraries, libc());
  });
}

// A list in package.json names what is allowed, or with `!` what is not.
function admits(list, name) {
  if (!list) return true;
  return list.includes(name) || (list.every((one) => one.startsWith('!')) && !list.includes(`!${name}`));
}

// What compiled packages depend on: `linux-x64-glibc-abi115`.
function platformName() {
  const parts = [process.platform, process.arch, libc(), `abi${process.versions.modules}`];
  return parts.filter(Boolean).join('-');
}

// The C library of Linux. The head of every program names the dynamic loader.
function libc() {
  if (process.platform !== 'linux') return undefined;
  const head = Buffer.alloc(4096);
  const program = fs.openSync(process.execPath, 'r');
  fs.readSync(program, head, 0, head.length, 0);
  fs.closeSync(program);
  return head.includes('ld-musl-') ? 'musl' : 'glibc';
}

// Records only packages that exist: npm may leave out, for good, an optional package that cannot be
// built here.
function record(lockfile, fingerprint) {
  const native = nativePackages(parsed(lockfile).packages).filter((name) => missing([name]) === undefined);
  const content = JSON.stringify({ lockfile: fingerprint, platform: platformName(), native });
  try {
    fs.writeFileSync(ourRecord, content);
  } catch (error) {
    // The record only saves time, so the install does not fail without it.
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(error.code)) throw error;
  }
}

// Whether node_modules can be replaced; reports the error when it cannot.
function canInstall(reason) {
  try {
    fs.accessSync(projectDir, fs.constants.W_OK);
    if (fs.existsSync(modules)) fs.accessSync(modules, fs.constants.W_OK);
    return true;
  } catch (error) {
    return fail(
      `Packages must be installed (${reason}), and ${error.path || modules} cannot be written: ${error.code}. [PROVISION_FAILED]`,
      'Run `npm ci --include=dev` there as its owner, or clone the project into a folder of your own.',
    );
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (_error) {
    return undefined;
  }
}

function npmCi(lock) {
  const environment = Object.assign({}, process.env);
  // The machine's own certificate authorities are configured for one tool but meant for all.
  const authorities = process.env.NODE_EXTRA_CA_CERTS || process.env.SSL_CERT_FILE || process.env.PIP_CERT;
  if (authorities) environment.NODE_EXTRA_CA_CERTS = authorities;
  // `npm run --silent` passes its silence on, which would hide why an install failed.
  if (environment.npm_config_loglevel === 'silent') delete environment.npm_config_loglevel;
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  // Uses the npm that runs this script, if one does. Its output goes to standard error, because a
  // script may read our standard output.
  const cli = process.env.npm_execpath;
  const own = cli && path.basename(cli) === 'npm-cli.js' && fs.existsSync(cli);
  return run(
    own ? process.execPath : 'npm',
    own ? [cli].concat(args) : args,
    // npm holds the lock, too: it goes on if this process is killed.
    { cwd: projectDir, env: environment, stdio: ['ignore', 2, 2, lock.descriptor] },
  );
}

function readOr(file, otherwise) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

// Resolves with the exit code that a shell would report. Ctrl-C reaches the child by itself, as
// part of the terminal's group.
function run(file, args, options) {
  return new Promise((resolve, reject) => {
    const pass = (signal) => child.kill(signal);
    let interruption = null;
    const stay = (signal) => {
      interruption = signal;
    };
    // The handlers precede the child, which may cause a signal at once.
    process.on('SIGINT', stay);
    process.on('SIGTERM', pass);
    process.on('SIGHUP', pass);
    const child = spawn(file, args, options);
    const finish = () => {
      process.removeListener('SIGINT', stay);
      process.removeListener('SIGTERM', pass);
      process.removeListener('SIGHUP', pass);
    };
    child.on('error', (error) => {
      finish();
      reject(error);
    });
    child.on('exit', (code, ownSignal) => {
      finish();
      const signal = ownSignal || (code === 0 ? null : interruption);
      resolve({ code: ownSignal ? 128 + os.constants.signals[ownSignal] : code, signal });
    });
  });
}

// --- one install at a time
// --------------------------------------------------------------------------------------------

// The lock is in the folder of the packages, so that it holds between the machine and its
// containers. Its module is loaded only here, where Node is known to be new enough for it.
function takeLock() {
  const file = path.join(projectDir, '.install.lock');
  return import('./orchestrator/util/kernel-lock.mjs').then((locks) =>
    locks
      .waitForKernelLock(file, {
        onWait: (holder) => {
          const name = holder ? `process ${holder.pid} on ${holder.host}` : 'another process';
          process.stderr.write(`Waiting for ${name}, which is installing packages.\n`);
        },
      })
      .catch((error) => {
        if (error instanceof locks.LockUnavailable) {
          return fail(
            `No lock can be taken in ${projectDir}: ${error.message}. [LOCK_UNAVAILABLE]`,
            'Install util-linux, or run `npm ci --include=dev` by hand.',
          );
        }
        return fail(
          `Packages are missing, and ${projectDir} cannot be written: ${error.message}. [PROVISION_FAILED]`,
          'Run `npm ci --include=dev` there as its owner.',
        );
      }),
  );
}
