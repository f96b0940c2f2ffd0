import { createServer } from 'node:net';
import type Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../tests/support/free-ports.ts';
import { LightStack } from '../../tests/support/light-stack.ts';
import { stackStatus } from '../engine/status.ts';
import { upPlan } from '../engine/up-plan.ts';
import { composeVariables } from '../runtimes/compose/compose-cli.ts';
import { checkPortsAndNames } from '../runtimes/compose/preflight.ts';
import { type LocalRuntime, localRuntime } from '../runtimes/local/local-runtime.ts';
import { checkFoldersAndPorts } from '../runtimes/local/preflight.ts';
import { serviceEnvironment } from '../runtimes/local/process-launch.ts';
import type { LogLine } from '../runtimes/runtime.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { readJson, ready } from '../util/readiness.ts';
import { kafkaInit } from './kafka-init.ts';
import type { PortSetting, Service } from './service.ts';
import { SERVICES } from './services.ts';

/** In the product, a row of the setting table. */
const ECHO_PORT = 'ECHO_PORT' as PortSetting;

/** Everything that one more service needs: a web server that announces when it listens. */
const echo: Service = {
  name: 'echo',
  title: 'Echo',
  kind: 'daemon',
  after: [kafkaInit.name],
  ports: [{ setting: ECHO_PORT, serves: 'page' }],
  writesOutputs: false,
  readyTimeoutMs: 20_000,
  mayRestartBeforeReady: false,
  readiness: ({ addressOf }) => ({
    name: 'the echo',
    check: async (signal) => ready(`it says ${await readJson(addressOf(ECHO_PORT), '/', signal)}`),
  }),
  finalExitCodes: [2],
  knownCauses: [],
  faults: [{ target: 'echo', drawOrder: 99, longPauseMs: [1000, 2000] }],
  asProcess: {
    tools: [],
    folders: [],
    launch: ({ config, layout }) => ({
      command: process.execPath,
      args: [
        '-e',
        `require('node:http').createServer((_, to) => to.end('"hello"'))
          .listen(${config.settings[ECHO_PORT]}, '127.0.0.1', () => console.log('listening'))`,
      ],
      env: serviceEnvironment(config.environment, layout),
      cwd: layout.runDir,
      stopGraceMs: 5000,
      folders: [layout.scratch],
      files: [],
    }),
  },
  inContainer: { image: 'pulled', volumes: [] },
};

const services = [...SERVICES, echo];
const never = new AbortController().signal;

describe.runIf(process.platform === 'linux')('a service that is added to the list', () => {
  let stack: LightStack;
  let config: StackConfig;
  let port: number;
  let runtime: LocalRuntime;
  beforeEach(async () => {
    stack = await LightStack.create();
    [port = 0] = await freePorts(1);
    config = { ...stack.config, settings: { ...stack.config.settings, [ECHO_PORT]: port } };
    runtime = localRuntime(config, services);
  });
  afterEach(async () => {
    await runtime.close();
    await stack.dispose();
  });

  it('is a step of the plan, after those that it depends on', () => {
    const steps = upPlan(config, runtime, []);
    expect(steps.find(({ name }) => name === 'echo')).toMatchObject({ title: 'Echo', after: ['kafka-init'] });
  });

  it('has its port checked by both runtimes', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const taken = {
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`ECHO_PORT=${port} cannot be used`),
    };
    const docker = { listContainers: async () => [] } as unknown as Docker;
    try {
      await expect(checkFoldersAndPorts(config, stack.layout, services)).rejects.toMatchObject(taken);
      const variables = composeVariables(config, false);
      await expect(checkPortsAndNames(config, variables, services, docker, [])).rejects.toMatchObject(taken);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    await checkFoldersAndPorts(config, stack.layout, services);
    await checkPortsAndNames(config, composeVariables(config, false), services, docker, []);
  });

  it('is observed before it ever ran, in the order of the list', async () => {
    const found = await stackStatus(config, runtime);
    expect(found.services.map(({ name }) => name)).toEqual(services.map(({ name }) => name));
    expect(found.services.at(-1)).toMatchObject({ name: 'echo', state: 'stopped', detail: 'never started' });
  });

  it('starts, becomes ready, has a log and a page, can be hit by faults, and is stopped', async () => {
    const step = upPlan(config, runtime, []).find(({ name }) => name === 'echo');
    expect(await step?.run({ signal: never, onDetail: () => undefined })).toBe('it says hello');

    const found = await stackStatus(config, runtime);
    expect(found.services.at(-1)).toMatchObject({
      name: 'echo',
      placement: 'process',
      state: 'ready',
      pid: expect.any(Number),
      detail: 'it says hello',
    });
    expect(found.urls).toMatchObject({ echo: `http://localhost:${port}` });
    expect(await linesOf([])).toEqual([{ service: 'echo', text: 'listening' }]);
    expect(await linesOf(['echo'])).toEqual([{ service: 'echo', text: 'listening' }]);

    expect(await runtime.faults().isThere('echo')).toBe(true);
    await runtime.faults().kill('echo');
    await expect
      .poll(async () => (await runtime.observe()).at(-1))
      .toMatchObject({ state: 'running', restarts: 1 });

    expect(await runtime.down()).toEqual(['echo']);
    expect((await stackStatus(config, runtime)).services.at(-1)).toMatchObject({
      name: 'echo',
      state: 'stopped',
    });
  });

  async function linesOf(names: readonly string[]): Promise<readonly LogLine[]> {
    const lines: LogLine[] = [];
    for await (const line of runtime.logs({ services: names, follow: false, signal: never }))
      lines.push(line);
    return lines;
  }
});
