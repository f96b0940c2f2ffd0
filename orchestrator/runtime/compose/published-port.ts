import type Docker from 'dockerode';

/** A container that holds a port of this machine. */
export interface PortHolder {
  readonly container: string;
  /** Compose's project and the folder of its file; undefined for a container outside Compose. */
  readonly project?: string;
  readonly folder?: string;
}

/** The running container that publishes a TCP port, if one does: the process that holds it is the engine's, and says nothing. */
export async function holderOfPort(docker: Docker, port: number): Promise<PortHolder | undefined> {
  const running = await docker.listContainers();
  const found = running.find(({ Ports }) =>
    Ports.some(({ PublicPort, Type }) => PublicPort === port && Type === 'tcp'),
  );
  if (!found) return undefined;
  const { Names, Id, Labels } = found;
  const project = Labels['com.docker.compose.project'];
  const folder = Labels['com.docker.compose.project.working_dir'];
  return {
    container: Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12),
    ...(project !== undefined && { project }),
    ...(folder !== undefined && { folder }),
  };
}
