import type { ServiceOutline } from '../../../services/service.ts';
import { tryFileLock } from '../../../util/file-lock.ts';
import { messageOf } from '../../../util/product-error.ts';
import { ServiceLog } from '../../local/supervisor/service-log.ts';
import { engineConnection } from '../engine.ts';
import { watchProject } from './watch-containers.ts';

/**
 * The detached process next to a Compose stack: `watch-main.ts HOST PROJECT LOCK LOG SERVICES
 * SINCE`. SINCE is a Unix time in ms, SERVICES is JSON. One process is enough. Its log is rotated
 * as those of services are. Its standard output and error get only unexpected errors.
 */
const [host = '', project = '', lockPath = '', logPath = '', services = '', since = ''] =
  process.argv.slice(2);

const log = new ServiceLog(logPath);
const say = (line: string) => {
  log.write(Buffer.from(`${new Date().toISOString()} ${line}\n`));
};
log.beginProcess();
const { lock } = await tryFileLock(lockPath);
if (lock) {
  try {
    const outlines = JSON.parse(services) as readonly ServiceOutline[];
    await watchProject(engineConnection(host), project, outlines, say, Number(since));
  } catch (error) {
    say(`ended: ${messageOf(error)}`);
    process.exitCode = 1;
  } finally {
    lock.release();
    log.close();
  }
}
