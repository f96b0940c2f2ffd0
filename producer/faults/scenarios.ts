import { SETTING_TABLE } from '../../orchestrator/settings/setting-table.ts';
import { type FaultPlan, NO_FAULTS } from './fault-plan.ts';

export const SCENARIO_NAMES = SETTING_TABLE.SCENARIO.takes.choices;

/** The name of a scenario. */
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** The named mixtures of faults. A setting of its own replaces what the scenario has for it. */
export const SCENARIOS = {
  /** Records as they should be. */
  clean: NO_FAULTS,
  /** A little of everything that goes wrong between a till and a topic. */
  messy: {
    ...NO_FAULTS,
    lateRate: 0.02,
    duplicateRate: 0.01,
    malformedRate: 0.01,
    outOfOrderRate: 0.05,
    hotKeyRate: 0.05,
  },
  /** Every fifth event comes late. */
  late: { ...NO_FAULTS, lateRate: 0.2, outOfOrderRate: 0.1 },
  /** Ten times the load for five seconds of every minute. */
  burst: { ...NO_FAULTS, burst: { factor: 10, lastsSeconds: 5, everySeconds: 60 } },
  /** Sprees of high amounts on a few stolen cards. */
  fraud: { ...NO_FAULTS, fraudRate: 0.01 },
} as const satisfies Record<ScenarioName, FaultPlan>;
