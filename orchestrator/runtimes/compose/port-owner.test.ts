import { tmpdir } from 'node:os';
import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import { otherOwnerAt } from './preflight.ts';

const CHECKOUT = tmpdir();

/** An engine where a container that was created in a folder listens on port 9094. */
function engineWith(folder: string | undefined): Docker {
  const Labels = folder === undefined ? {} : { 'com.docker.compose.project': 'p', ...madeIn(folder) };
  const Ports = [{ PublicPort: 9094, Type: 'tcp' }];
  const docker = { listContainers: async () => [{ Id: 'k', Names: ['/k'], Labels, Ports }] };
  return docker as unknown as Docker;
}

const madeIn = (folder: string) => ({ 'com.docker.compose.project.working_dir': folder });

it('a port at which a container of another checkout listens is that one’s', async () => {
  expect(await otherOwnerAt(engineWith('/other'), 9094, CHECKOUT)).toEqual({
    what: 'The Compose project p',
    checkout: '/other',
  });
});

it.each([
  ['a container of this checkout', CHECKOUT, 9094],
  ['a container that Compose did not make', undefined, 9094],
  ['no container at that port', '/other', 9095],
])('%s: it is nobody else’s', async (_case, folder, port) => {
  expect(await otherOwnerAt(engineWith(folder), port, CHECKOUT)).toBeUndefined();
});
