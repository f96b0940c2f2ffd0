import { messageOf } from '../../../core/product-error.ts';
import { tryFileLock } from '../../file-lock.ts';
import { outputLog } from '../../lossy-writer.ts';
import { engineConnection } from '../engine.ts';
import { watchProject } from './watch-project.ts';

/** The detached process beside a Compose stack: `watch-main.ts HOST PROJECT LOCK SINCE`, the last a Unix time in ms. One is enough. */
const [host = '', project = '', lockPath = '', since = ''] = process.argv.slice(2);

const say = outputLog();
const { lock } = await tryFileLock(lockPath);
if (lock) {
  try {
    await watchProject(engineConnection(host), project, say, Number(since));
  } catch (error) {
    say(`ended: ${messageOf(error)}`);
    process.exitCode = 1;
  } finally {
    lock.release();
  }
}
