import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SERVICES } from '../../services/services.ts';
import { type RunLayout, runLayout } from './launch.ts';
import { claimRunDir } from './preflight.ts';
import { wipeRunDir } from './stop-stack.ts';

/** Names as a broker, ZooKeeper and Spark were seen to write them. */
const WRITTEN = [
  'kafka/server.properties',
  'kafka/log4j.properties',
  'kafka/hs_err_pid4711.log',
  'kafka/data/.lock',
  'kafka/data/.kafka_cleanshutdown',
  'kafka/data/meta.properties',
  'kafka/data/recovery-point-offset-checkpoint',
  'kafka/data/replication-offset-checkpoint.tmp',
  'kafka/data/transactions-0/00000000000000000000.log',
  'kafka/data/transactions-0/00000000000000000956.snapshot',
  'kafka/data/transactions-0/00000000000000000000.timeindex.deleted',
  'kafka/data/transactions-0/leader-epoch-checkpoint',
  'kafka/data/transactions-0/partition.metadata',
  'kafka/data/my.topic_x-12.2f0ab1c3d4e5f60718293a4b5c6d7e8f-delete/00000000000000000000.index',
  // By a broker that ran in a Persian locale.
  'kafka/data/transactions-2/۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰۰.log',
  'kafka/data/__consumer_offsets-0/00000000000000000000.log',
  'zookeeper/zoo.cfg',
  'zookeeper/data/version-2/snapshot.3b',
  'zookeeper/log/version-2/log.1',
  'spark-master/app_app-20261123232244-0000',
  'spark-master/worker_worker-20261123232924-127.0.0.1-40599',
  'spark-work/app-20261123232244-0000/0/stderr',
  'scratch/blockmgr-f47ed56d/0e/shuffle_0_0_0.data',
];
const KEPT = ['logs/kafka.log', 'state.json', 'stack.json'];
const FOLDERS = SERVICES.flatMap(({ asProcess }) => asProcess.folders);

let layout: RunLayout;
beforeEach(() => {
  layout = runLayout(join(mkdtempSync(join(tmpdir(), 'wipe-')), 'run'), FOLDERS);
  claimRunDir(layout);
  for (const name of [...WRITTEN, ...KEPT]) put(name);
});
afterEach(() => rmSync(dirname(layout.runDir), { recursive: true }));

function put(name: string): string {
  const path = join(layout.runDir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'x');
  return path;
}
const left = () => [...WRITTEN, ...KEPT].filter((name) => existsSync(join(layout.runDir, name)));

describe('a wipe of RUN_DIR', () => {
  it('deletes what the stack has written, and reports it; logs and records stay', () => {
    expect(wipeRunDir(layout, false)).toEqual([
      "Kafka's data",
      "ZooKeeper's data",
      "the Spark master's memory",
      "the Spark worker's folder",
      'scratch files',
    ]);
    expect(left()).toEqual(KEPT);
    expect(wipeRunDir(layout, false)).toEqual([]);
  });

  it('leaves Kafka and ZooKeeper alone when the topic is kept', () => {
    wipeRunDir(layout, true);
    expect(left()).toEqual([...WRITTEN.filter((name) => /^(kafka|zookeeper)\//.test(name)), ...KEPT]);
  });

  it.each([
    'kafka/notes.txt',
    'kafka/data/family.jpg',
    'kafka/data/transactions-0/thesis.docx',
    'kafka/data/photos',
    'zookeeper/data/version-2/keep.me',
    'zookeeper/zoo.cfg.bak',
    'spark-master/secrets',
  ])('deletes nothing at all when it meets %s', (name) => {
    put(name);
    expect(() => wipeRunDir(layout, false)).toThrow(
      expect.objectContaining({
        code: 'FOREIGN_FILES',
        message: expect.stringContaining(name.slice(name.indexOf('/') + 1)),
      }),
    );
    expect(left()).toEqual([...WRITTEN, ...KEPT]);
  });

  it('takes a link for foreign, wherever it points', () => {
    symlinkSync(tmpdir(), join(layout.runDir, 'kafka', 'data', 'transactions-1'));
    expect(() => wipeRunDir(layout, false)).toThrow(expect.objectContaining({ code: 'FOREIGN_FILES' }));
    expect(left()).toEqual([...WRITTEN, ...KEPT]);
  });

  it('refuses a folder that the product did not make', () => {
    rmSync(join(layout.runDir, '.medallion-stream'));
    expect(() => wipeRunDir(layout, false)).toThrow(expect.objectContaining({ code: 'FOREIGN_FILES' }));
    expect(left()).toEqual([...WRITTEN, ...KEPT]);
  });

  it('has nothing to do where nothing was ever started', () => {
    expect(wipeRunDir(runLayout(join(layout.runDir, 'elsewhere'), FOLDERS), false)).toEqual([]);
  });
});

describe('RUN_DIR', () => {
  it('is not taken over when it holds files of others', () => {
    const foreign = runLayout(join(dirname(layout.runDir), 'home'));
    mkdirSync(foreign.runDir);
    writeFileSync(join(foreign.runDir, 'thesis.docx'), 'x');
    expect(() => claimRunDir(foreign)).toThrow(
      expect.objectContaining({ code: 'UNSAFE_PATH', message: expect.stringContaining('thesis.docx') }),
    );
    expect(existsSync(join(foreign.runDir, '.medallion-stream'))).toBe(false);
  });
});
