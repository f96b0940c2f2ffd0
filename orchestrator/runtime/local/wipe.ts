import { readdirSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { isFileManagerFile } from '../../core/file-manager-files.ts';
import { ProductError } from '../../core/product-error.ts';
import { isOwnFolder } from '../owned-folder.ts';
import type { RunLayout } from './run-layout.ts';

/** What one folder of the stack may hold, by path below it, `/` between names. */
interface WipeTarget {
  readonly title: string;
  readonly folder: string;
  /** Every file and folder must match, and only then is anything deleted; undefined where programs choose names freely. */
  readonly allowed?: RegExp;
}

/** Our own files, begun ones included, and what a JVM that crashed leaves in its working folder. */
const OWN = String.raw`(server\.properties|zoo\.cfg|log4j\.properties)(\.\d+)?|(hs_err|replay|java)_pid\d+\.(log|hprof)|core(\.\d+)?`;

/** org.apache.kafka.storage.internals.log.LogFileUtils, kafka.log.LogManager: a folder a partition, files a segment. */
const KAFKA_DATA = String.raw`\.lock|\.kafka_cleanshutdown|meta\.properties|[\w-]+-checkpoint`;
const KAFKA_PARTITION = String.raw`[\w.-]+-\d+(\.[\da-f]+-(delete|stray|future))?`;
/** Offsets in a segment's name have the digits of the locale that Kafka ran in; ours have been ASCII since it is fixed. */
const KAFKA_SEGMENT = String.raw`[\w.\-\p{Nd}]+\.(log|index|timeindex|txnindex|snapshot)(\.(deleted|cleaned|swap))?|leader-epoch-checkpoint|partition\.metadata`;
const KAFKA_FILES = new RegExp(
  `^(${OWN}|data(/((${KAFKA_DATA})(\\.tmp)?|${KAFKA_PARTITION}(/(${KAFKA_SEGMENT})(\\.tmp)?)?))?)$`,
  'u',
);

/** org.apache.zookeeper.server.persistence: snapshots and transaction logs in a folder named by the format's version. */
const ZOOKEEPER_VERSION = String.raw`(snapshot|log)\.[\da-f]+(\.\w+)?|(accepted|current)Epoch(\.tmp)?`;
const ZOOKEEPER_FILES = new RegExp(`^(${OWN}|(data|log)(/(myid|version-\\d+(/(${ZOOKEEPER_VERSION}))?))?)$`);

/**
 * Deletes what the stack has written in RUN_DIR: all of it is looked at first, so that a refusal leaves everything.
 * @returns what was deleted
 * @throws ProductError FOREIGN_FILES
 */
export function wipeRunDir(layout: RunLayout, keepTopic: boolean): readonly string[] {
  const topic: readonly WipeTarget[] = [
    { title: "Kafka's data", folder: layout.kafka, allowed: KAFKA_FILES },
    { title: "ZooKeeper's data", folder: layout.zookeeper, allowed: ZOOKEEPER_FILES },
  ];
  const transient: readonly WipeTarget[] = [
    {
      title: "the Spark master's memory",
      folder: layout.sparkMaster,
      allowed: /^(app|worker|driver)_[\w.-]+$/,
    },
    { title: "the Spark worker's folder", folder: layout.sparkWork },
    { title: 'scratch files', folder: layout.scratch },
  ];
  const targets = [...(keepTopic ? [] : topic), ...transient].filter(({ folder }) => isThere(folder));
  if (targets.length === 0) return [];
  if (!isOwnFolder(layout.runDir)) throw refusal(layout.runDir, 'it was not made by this product');
  for (const { folder, allowed } of targets) {
    const foreign =
      allowed && entriesOf(folder).find((path) => !allowed.test(path) && !isFileManagerFile(basename(path)));
    if (foreign !== undefined) throw refusal(folder, `it holds ${foreign}`);
  }
  for (const { folder } of targets) rmSync(folder, { recursive: true, force: true });
  return targets.map(({ title }) => title);
}

function refusal(folder: string, reason: string): ProductError {
  return new ProductError('FOREIGN_FILES', {
    message: `${folder} is not wiped: ${reason}, which the stack did not write.`,
    hint: 'Move it elsewhere and run the command again; nothing was deleted.',
  });
}

function isThere(folder: string): boolean {
  try {
    readdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Every file and folder below, links not followed. */
function entriesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    return entry.isFile() || entry.isDirectory() ? path : `${path} (${basename(path)} is a link or device)`;
  });
}
