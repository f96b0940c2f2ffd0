/** Bursts: for `lastsSeconds` at the end of every `everySeconds` there are `factor` times as many records. */
export interface BurstShape {
  /** Above 1. */
  readonly factor: number;
  readonly lastsSeconds: number;
  /** More than `lastsSeconds`. */
  readonly everySeconds: number;
}

/**
 * How records are spread over time at a base rate. Time is counted in units: one unit is the time from one record to the
 * next at the base rate, so that one profile serves any rate.
 */
export interface LoadProfile {
  /** When record n (from 0) is due, in units since the start. */
  unitsOf(record: number): number;
  /** How many records are due once this many units have passed since the first, as a fraction; inverse of `unitsOf`. */
  recordsBy(units: number): number;
  isBurst(record: number): boolean;
  /** The highest rate as a multiple of the base rate. */
  readonly peak: number;
}

/** A record at every unit. */
export const STEADY: LoadProfile = {
  unitsOf: (record) => record,
  recordsBy: (units) => units,
  isBurst: () => false,
  peak: 1,
};

/** @param unitsPerSecond the base rate that the shape's seconds are meant at */
export function burstProfile(shape: BurstShape, unitsPerSecond: number): LoadProfile {
  const { factor } = shape;
  const periodUnits = shape.everySeconds * unitsPerSecond;
  const quietUnits = (shape.everySeconds - shape.lastsSeconds) * unitsPerSecond;
  const periodRecords = quietUnits + (periodUnits - quietUnits) * factor;
  /** The period that a record is in, and how many records of the period are before it. */
  const within = (record: number): readonly [period: number, records: number] => {
    const period = Math.floor(record / periodRecords);
    return [period, record - period * periodRecords];
  };
  return {
    unitsOf(record) {
      const [period, records] = within(record);
      const burst = Math.max(0, records - quietUnits);
      return period * periodUnits + Math.min(records, quietUnits) + burst / factor;
    },
    recordsBy(units) {
      const period = Math.floor(units / periodUnits);
      const rest = units - period * periodUnits;
      return period * periodRecords + Math.min(rest, quietUnits) + Math.max(0, rest - quietUnits) * factor;
    },
    isBurst: (record) => within(record)[1] >= quietUnits,
    peak: factor,
  };
}
