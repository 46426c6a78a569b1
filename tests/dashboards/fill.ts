/**
 * Motes' verdicts, windows and alerts in a real PostgreSQL, by our sink.
 *
 * @module
 */
import { hasVerdict, Watch } from "../../actors/watch.ts";
import { scenarioByName } from "../../data/mod.ts";
import type { Batch, ReadingItem } from "../../sinks/delivery/item.ts";
import type { PostgresAddress } from "../../sinks/postgres/address.ts";
import { PostgresSink } from "../../sinks/postgres/sink.ts";
import { Simulator } from "../../sources/simulator.ts";
import { JumpingClock } from "../sources/files.ts";

const signal = new AbortController().signal;
/** Readings of five motes: enough for a round of their networks. */
const WANTED = 2_400, MOTES = new Set(["mote-1", "mote-2", "mote-3", "mote-4", "mote-6"]);
/** Items of one call. */
const AT_ONCE = 500;

/** Whether the reading of that number breaks a limit: now and then, and all of the last ones, so that an alert is active. */
function isBroken(number: number): boolean {
  return number % 40 === 0 || number > WANTED - 50;
}

/** Motes, judged, in the tables. Returns a sensor's name. */
export async function fill(address: PostgresAddress): Promise<string> {
  const scenario = scenarioByName("motes"), nothing = () => Promise.resolve(undefined);
  const simulator = new Simulator(scenario, {
    seed: 1,
    pace: { kind: "live", historyMs: 6 * 3_600_000 },
    clock: new JumpingClock(),
  });
  const [source] = await simulator.open({ load: nothing, save: nothing });
  const watch = new Watch({ types: { mote: { channels: { temperature: { high: 100 } } } } }, "motes");
  const readings: ReadingItem[] = [];
  for await (const chunk of source.read(0, signal)) {
    if (chunk.kind !== "readings") continue;
    const items = chunk.items.filter((item) => "values" in item && MOTES.has(item.sensor)).map((item, i) =>
      "values" in item && isBroken(readings.length + i)
        ? { ...item, values: { ...item.values, temperature: 120 } }
        : item
    );
    const verdicts = (await watch.take(items)).filter(hasVerdict);
    readings.push(...verdicts.map((one) => ({ type: "mote", location: "lab", ...one })));
    if (readings.length >= WANTED) break;
  }
  const sink = new PostgresSink({ address }), partition = "motes";
  await sink.open(signal);
  const batches: Batch[] = [
    ...cut(readings).map((items) => ({ kind: "readings", partition, items } as const)),
    ...cut(watch.takeWindows()).map((items) => ({ kind: "windows", partition, items } as const)),
    ...cut(watch.takeAlerts()).map((items) => ({ kind: "alerts", partition, items } as const)),
  ];
  for (const batch of batches) await sink.deliver(batch, signal);
  await sink.close();
  return readings[0].sensor;
}

/** Items in pieces of what one call takes. */
function cut<T>(items: readonly T[]): T[][] {
  return Array.from(
    { length: Math.ceil(items.length / AT_ONCE) },
    (_, i) => items.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  );
}
