import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { z } from 'zod';
import { shownValue } from '../../../producer/errors.ts';
import { pipelineFolder } from '../../pipeline/load-pipeline.ts';
import type { StackConfig } from '../../settings/stack-config.ts';
import { localPath } from '../../util/files.ts';
import { nearestExisting } from '../../util/owned-folder.ts';
import { messageOf, ProductError } from '../../util/product-error.ts';

/**
 * The last line that the engine reports of an import. Source: Docker Engine API, "Create an image".
 */
const imported = z.object({ status: z.string() });

/** The end of an archive without a file: two blocks of zeros. */
const EMPTY_ARCHIVE = Buffer.alloc(1024);

/**
 * Checks whether the engine sees the folders that containers mount as this process does. In a
 * devcontainer or a job of CI with the engine's socket it does not: it would create empty folders
 * for root and mount them. The check puts a file with a unique name into each folder and creates a
 * container that mounts these files. The engine refuses when one is missing. The container is never
 * started, and the engine creates no folder.
 * @returns in a few words what the engine does not see, or undefined when it sees all
 */
export async function unseenByEngine(
  docker: Docker,
  {
    installDir,
    projectDir,
    outputDir,
    settings,
  }: Pick<StackConfig, 'installDir' | 'projectDir' | 'outputDir' | 'settings'>,
): Promise<string | undefined> {
  const pipeline = pipelineFolder(settings.PIPELINE, projectDir);
  const probes = [join(installDir, 'spark-app'), pipeline, outputDir].map(putProbe);
  let image: ProbeImage | undefined;
  try {
    image = await probeImage(docker);
    const container = await docker.createContainer({
      Image: image.id,
      Cmd: ['never-started'],
      NetworkDisabled: true,
      HostConfig: {
        Mounts: probes.map(({ path }, index) => ({
          Type: 'bind',
          Source: path,
          Target: `/probe-${index}`,
          ReadOnly: true,
        })),
      },
    });
    await container.remove();
    return undefined;
  } catch (error) {
    const message = messageOf(error);
    const unseen = probes.find(({ path }) => message.includes(path));
    return unseen
      ? `the engine does not see ${unseen.folder} as this command does: it runs in another container or on another machine`
      : `the engine makes no container (${message})`;
  } finally {
    for (const { remove } of probes) remove();
    await image?.remove();
  }
}

interface Probe {
  readonly folder: string;
  readonly path: string;
  remove(): void;
}

/**
 * Creates a file of our own in the folder. Where the folder is read-only, the folder itself has to
 * suffice.
 */
function putProbe(wanted: string): Probe {
  const folder = nearestExisting(wanted);
  const path = join(folder, `.medallion-stream-${randomUUID()}`);
  try {
    writeFileSync(path, '', { flag: 'wx' });
  } catch {
    return { folder, path: folder, remove: () => undefined };
  }
  return { folder, path, remove: () => rmSync(path, { force: true }) };
}

interface ProbeImage {
  readonly id: string;
  remove(): Promise<void>;
}

/** Any image will do, since nothing runs; an empty one where the engine has none yet. */
async function probeImage(docker: Docker): Promise<ProbeImage> {
  const [present] = await docker.listImages();
  if (present) return { id: present.Id, remove: async () => undefined };
  return emptyImage(docker);
}

/** Creates an image without a file. */
export async function emptyImage(docker: Docker): Promise<ProbeImage> {
  let answer = '';
  for await (const chunk of await docker.importImage(Readable.from([EMPTY_ARCHIVE]))) answer += String(chunk);
  const { status: id } = imported.parse(JSON.parse(answer.trim().split('\n').at(-1) ?? ''));
  return {
    id,
    remove: async () => {
      await docker.getImage(id).remove();
    },
  };
}

/** Where docker-compose.yml mounts OUTPUT_DIR. */
const MOUNT = '/opt/spark-output';

/**
 * Returns OUTPUT_PATH, which is a path in the containers, as this machine sees it.
 * @throws ProductError BAD_SETTING for a path in the containers that is not on this machine
 */
export function hostOutputPath({ settings, outputDir }: StackConfig): string {
  const { OUTPUT_PATH } = settings;
  if (OUTPUT_PATH === undefined) return join(outputDir, 'parquet');
  const path = localPath(OUTPUT_PATH);
  if (path === undefined) return OUTPUT_PATH;
  if (path.startsWith(`${MOUNT}/`)) return join(outputDir, path.slice(MOUNT.length));
  throw new ProductError('BAD_SETTING', {
    message: `OUTPUT_PATH=${shownValue(OUTPUT_PATH)} is not allowed with Compose: it must be below ${MOUNT}, where OUTPUT_DIR is mounted, or a URI of another file system.`,
    hint: `Set OUTPUT_DIR to the folder on this machine, and OUTPUT_PATH to ${MOUNT}/parquet or not at all.`,
  });
}
