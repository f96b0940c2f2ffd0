import type { StackConfig } from '../config/stack-config.ts';
import type { Address } from '../core/address.ts';
import type { PortSetting } from '../services/service.ts';

/** Where a port of this machine's own stack answers: every service listens, or is published, on 127.0.0.1 alone. */
export function loopbackAddress({ settings }: Pick<StackConfig, 'settings'>, setting: PortSetting): Address {
  return { host: '127.0.0.1', port: settings[setting] };
}
