import type { StackConfig } from '../config/stack-config.ts';
import { messageOf } from '../core/product-error.ts';
import type { Engine } from '../runtime/compose/engine.ts';
import { holderOfPort } from '../runtime/compose/published-port.ts';
import { runDirOf } from '../runtime/local/stack-process.ts';
import { isPortFree, portOwner } from '../runtime/ports.ts';
import { isSameFolder } from '../runtime/same-folder.ts';
import { SETTING_NAMES, type SettingName } from '../settings/setting-table.ts';
import type { DoctorCheck } from './doctor-report.ts';

const HOST = '127.0.0.1';

type PortSetting = Extract<SettingName, `${string}_PORT`>;

const PORT_SETTINGS = SETTING_NAMES.filter((name): name is PortSetting => name.endsWith('_PORT'));

/** Whether each port is free, or else who holds it: this stack, another one, or something else. */
export async function checkPorts(
  config: StackConfig,
  engine: Engine | undefined,
): Promise<readonly DoctorCheck[]> {
  return Promise.all(PORT_SETTINGS.map((setting) => checkPort(config, setting, engine)));
}

async function checkPort(
  { settings, runDir, projectDir }: StackConfig,
  setting: PortSetting,
  engine: Engine | undefined,
): Promise<DoctorCheck> {
  const port = settings[setting];
  const name = `${setting} ${port}`;
  const elsewhere = `or set ${setting} to another port`;
  const same = PORT_SETTINGS.slice(0, PORT_SETTINGS.indexOf(setting)).find((one) => settings[one] === port);
  if (same) {
    const detail = `${same} has the same port`;
    return { name, state: 'problem', detail, remedy: `Set ${setting} to another port.` };
  }
  try {
    if (await isPortFree(HOST, port)) return { name, state: 'ok', detail: 'free' };
  } catch (error) {
    return { name, state: 'problem', detail: messageOf(error), remedy: `Set ${setting} to another port.` };
  }
  const published = engine && (await holderOfPort(engine.docker, port));
  if (published) {
    const { container, folder } = published;
    if (folder !== undefined && isSameFolder(folder, projectDir)) {
      return { name, state: 'ok', detail: `held by this stack (container ${container})` };
    }
    const detail = `held by the container ${container}${folder === undefined ? '' : ` of ${folder}`}`;
    return { name, state: 'problem', detail, remedy: `\`docker stop ${container}\`, ${elsewhere}.` };
  }
  const owner = await portOwner(port);
  if (!owner) {
    const detail =
      'held by a process that cannot be seen from here (of another user, or outside this container)';
    return { name, state: 'problem', detail, remedy: `End it, ${elsewhere}.` };
  }
  const holder = `${owner.command}, pid ${owner.pid}`;
  const stack = runDirOf(owner.pid);
  if (stack && isSameFolder(stack, runDir))
    return { name, state: 'ok', detail: `held by this stack (${holder})` };
  if (stack) {
    const detail = `held by the stack in ${stack} (${holder})`;
    return { name, state: 'problem', detail, remedy: `Run \`npm run down\` there, ${elsewhere}.` };
  }
  return {
    name,
    state: 'problem',
    detail: `held by ${holder}`,
    remedy: `\`kill ${owner.pid}\`, ${elsewhere}.`,
  };
}
