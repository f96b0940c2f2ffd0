import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { plainReporter } from '../../orchestrator/cli/reporters.ts';
import { SERVICES } from '../../orchestrator/services/services.ts';
import { provisioning } from '../../orchestrator/toolchain/toolchain.ts';
import { runPlan } from '../../orchestrator/util/run-plan.ts';
import { projectDir } from '../../tests/support/project.ts';
import { describeMachine } from '../measure/machine.ts';
import { orderOf, summarise } from '../measure/statistics.ts';
import { checkout, count, countOrNone } from '../options.ts';
import { benchOutput } from '../report/bench-output.ts';
import { type StackPlace, stackPlace } from '../stack/stack-place.ts';
import { bareChain } from '../start/bare-chain.ts';
import { productDown, productUp, stackMemoryBytes } from '../start/product-up.ts';
import { benchCommand, say } from './bench-command.ts';

const WARM = ['bare chain', 'up, warm'] as const;
const OTHER_CHECKOUT = 'up of another checkout, warm' as const;
const COLD = 'up, cold' as const;

const shape = z.object({
  rounds: count(3, 'Warm rounds; the order alternates'),
  cold_rounds: countOrNone(1, 'Rounds with an empty cache: each downloads about 450 MB'),
  other: checkout,
  idle_seconds: count(30, 'How long the stack idles before its memory is measured'),
});

interface Start {
  readonly side: (typeof WARM)[number] | typeof OTHER_CHECKOUT | typeof COLD;
  readonly seconds: number;
}

/** Time to ready. */
export const up = benchCommand({
  name: 'up',
  summary: 'Time to ready, warm and cold, against the longest chain of bare starts; memory of the idle stack',
  shape,
  run: async (options, signal) => {
    const warmed = await stackPlace({});
    const provided = provisioning(warmed.config, SERVICES);
    rmSync(warmed.folder, { recursive: true });
    await runPlan(provided.steps, plainReporter(benchOutput), signal);
    const toolchain = provided.toolchain();
    const warm = options.other === '' ? WARM : [...WARM, OTHER_CHECKOUT];
    const starts: Start[] = [];
    const memory: number[] = [];
    const note = (side: Start['side'], seconds: number) => {
      starts.push({ side, seconds });
      say(`${side}: ready after ${seconds.toFixed(1)} s`);
    };
    for (let round = 0; round < options.rounds; round++) {
      for (const side of orderOf(warm, round)) {
        await atPlace(async (place) => {
          if (side === 'bare chain') return note(side, await bareChain(place, toolchain, signal));
          const from = side === OTHER_CHECKOUT ? options.other : projectDir;
          await stopped(place, from, async () => {
            note(side, await productUp(place, process.env, from));
            if (from !== projectDir) return;
            await pause(options.idle_seconds * 1000, undefined, { signal });
            memory.push(stackMemoryBytes(place));
          });
        });
      }
    }
    for (let round = 0; round < options.cold_rounds; round++) {
      await atPlace((place) => stopped(place, projectDir, async () => note(COLD, await coldUp(place))));
    }
    const sides: readonly Start['side'][] = [...warm, ...(options.cold_rounds > 0 ? [COLD] : [])];
    const of = (side: Start['side']) =>
      summarise(starts.filter((start) => start.side === side).map(({ seconds }) => seconds));
    const gibibytes = summarise(memory.map((bytes) => bytes / 2 ** 30));
    return {
      machine: describeMachine(warmed.config, toolchain.javaHome),
      options,
      columns: ['start', 'seconds (median)', 'least', 'most', 'rounds'],
      rows: sides.map((side) => {
        const { median, min, max, rounds } = of(side);
        return [side, median.toFixed(1), min.toFixed(1), max.toFixed(1), String(rounds)];
      }),
      notes: [
        `warm up is ${(of('up, warm').median / of('bare chain').median).toFixed(2)} × the bare chain`,
        `the idle stack takes ${gibibytes.median.toFixed(2)} GiB (sum of proportional set sizes)`,
      ],
      figures: { starts, memoryBytes: memory },
    };
  },
});

async function coldUp(place: StackPlace): Promise<number> {
  const cache = mkdtempSync(join(tmpdir(), 'medallion-bench-cache-'));
  try {
    return await productUp(place, { ...process.env, XDG_CACHE_HOME: cache });
  } finally {
    await productDown(place);
    rmSync(cache, { recursive: true });
  }
}

async function atPlace(work: (place: StackPlace) => Promise<void>): Promise<void> {
  const place = await stackPlace({});
  try {
    await work(place);
  } finally {
    rmSync(place.folder, { recursive: true });
  }
}

async function stopped(place: StackPlace, from: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await productDown(place, from);
  }
}
