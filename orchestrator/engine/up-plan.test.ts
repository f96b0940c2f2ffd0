import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeRuntime, FakeStack } from '../../tests/support/fake-runtime.ts';
import { producer } from '../services/producer.ts';
import { namesOf } from '../services/service.ts';
import { SERVICE_NAMES, servicesWith } from '../services/services.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { stackConfig } from '../settings/stack-config.ts';
import { FIRST_DATA, upPlan } from './up-plan.ts';

const projectDir = join(import.meta.dirname, '../..');
const planned = (environment: Readonly<Record<string, string>>) => {
  const settings = loadSettings({ flags: {}, environment, projectDir: '/nonexistent' });
  const services = servicesWith(settings);
  const runtime = new FakeRuntime(new FakeStack({}, services));
  const plan = upPlan(stackConfig(settings, projectDir, environment), runtime, []);
  return { services: namesOf(services), steps: plan.map(({ name }) => name) };
};

describe('the plan of `up`', () => {
  it('ends with the first data', () => {
    expect(planned({})).toEqual({ services: SERVICE_NAMES, steps: [...SERVICE_NAMES, FIRST_DATA] });
  });

  it('without a producer waits for no data, which nobody may send', () => {
    const { services, steps } = planned({ PRODUCERS: '0' });
    expect(services).toEqual(SERVICE_NAMES.filter((name) => name !== producer.name));
    expect(steps).toEqual(services);
  });
});
