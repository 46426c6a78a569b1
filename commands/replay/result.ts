/**
 * What came of a replay: counts for a person.
 *
 * @module
 */
import { KEYS } from "../../store/keys.ts";
import type { Engine } from "../instance/engine.ts";

/** Counts of a replay since its beginning. */
export interface ReplayResult {
  readonly state: string;
  readonly readings: number;
  readonly refused: number;
  readonly future: number;
  readonly sensors: number;
  readonly anomalies: number;
  readonly alerts: number;
  readonly late: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly stepsBack: number;
  /** Time of the last reading, epoch ms. */
  readonly lastTime?: number;
  /** Time that this run took, ms. */
  readonly elapsedMs: number;
}

/** Sensors asked about at once. */
const PAGE = 1000;

/** Gathers the counts. */
export async function replayResult(engine: Engine, elapsedMs: number): Promise<ReplayResult> {
  const [partition] = engine.supervisor.partitions();
  const sum = { sensors: 0, anomalies: 0, late: 0, duplicates: 0, conflicts: 0, stepsBack: 0 };
  let lastTime: number | undefined, cursor: string | undefined;
  do {
    const page = await engine.queries.sensors({}, PAGE, cursor);
    for (const sensor of page.items) {
      sum.sensors++;
      sum.anomalies += sensor.anomalies;
      sum.late += sensor.late;
      sum.duplicates += sensor.duplicates;
      sum.conflicts += sensor.conflicts;
      sum.stepsBack += sensor.steps_back;
      lastTime = Math.max(lastTime ?? 0, sensor.last_time);
    }
    cursor = page.next;
  } while (cursor !== undefined);
  let alerts = 0;
  for await (const _ of engine.kv.list({ prefix: KEYS.alerts() }, { batchSize: 500 })) alerts++;
  return {
    state: partition.state,
    readings: partition.readings,
    refused: partition.refused,
    future: partition.future,
    ...sum,
    alerts,
    ...(lastTime === undefined ? {} : { lastTime }),
    elapsedMs,
  };
}

/** The counts as lines of text. */
export function sayResult(result: ReplayResult): string {
  const rows: [string, number, string?][] = [
    ["readings", result.readings],
    ["sensors", result.sensors],
    ["anomalous readings", result.anomalies],
    ["alerts", result.alerts],
    ["refused records", result.refused, "not readable, or not within the limits: see quarantine"],
    ["from the future", result.future, "ahead of source time by more than allowed: see quarantine"],
    ["late readings", result.late, "behind their sensor's time"],
    ["duplicates", result.duplicates, "same sensor, channel, time and value"],
    ["conflicts", result.conflicts, "same sensor, channel and time, another value"],
    ["steps back in time", result.stepsBack],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const numbers = rows.map(([, number]) => number.toLocaleString("en"));
  const column = Math.max(...numbers.map((number) => number.length));
  const lines = rows.map(([name, , note], i) =>
    `${name.padEnd(width)}  ${numbers[i].padStart(column)}${note === undefined ? "" : `  ${note}`}`
  );
  const last = result.lastTime === undefined ? "" : `, last reading ${new Date(result.lastTime).toISOString()}`;
  return [...lines, `${result.state} after ${(result.elapsedMs / 1000).toFixed(1)} s${last}`].join("\n");
}
