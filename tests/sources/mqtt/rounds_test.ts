/**
 * Disturbances in random order: the broker restarted, the intake ended and begun again, both.
 *
 * With mosquitto, which sends again in the order of before; aedes sends what is new first.
 *
 * @module
 */
import { systemClock } from "../../../commands/process/clock.ts";
import type { Reading } from "../../../actors/reading.ts";
import { HttpSource } from "../../../sources/http.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import type { ReadingLog } from "../../../store/log/log.ts";
import { ItemsSource } from "../../actors/items.ts";
import { PATIENT, type RunResult, runSource } from "../../actors/harness.ts";
import { until } from "../../process.ts";
import { publish, withMosquitto, World } from "./brokers.ts";

const ROUNDS = Math.ceil(4 * Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1));
const START = 1_700_000_000_000, SENSORS = 8, EACH = 240;

const reading = (i: number): Reading => ({
  sensor: `s${i % SENSORS}`,
  location: "hall",
  time: START + 1_000 * Math.floor(i / SENSORS),
  values: { x: (i * 7_919) % 101, ...(i % 3 ? { y: i % 13 } : {}) },
});

/** Rows of all sensors by name: readings with what was said of them, and windows. */
async function rowsOf({ supervisor, kv }: RunResult): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {};
  for (let i = 0; i < SENSORS; i++) {
    const readings = await supervisor.answers.readings(`s${i}`);
    rows[`s${i}`] = readings.map(({ time, values, flags, is_anomaly }) => ({
      time,
      values,
      flags,
      is_anomaly,
    }));
  }
  for await (const { key, value } of kv.list<Record<string, unknown>>({ prefix: ["window"] })) {
    rows[JSON.stringify(key)] = value;
  }
  return rows;
}

/** Everything that is in a log, judged. */
async function judged(log: ReadingLog): Promise<RunResult> {
  const stop = new AbortController(), end = log.end(0);
  const source = new HttpSource(log);
  const all = {
    name: source.name,
    open: async () =>
      (await source.open()).map((partition) => ({
        ...partition,
        id: "plant",
        async *read(from: number) {
          for (let at = from; at < end;) {
            for await (const chunk of partition.read(at, stop.signal)) {
              yield chunk;
              if ((at = chunk.next) >= end) break;
            }
          }
        },
      })),
    close: () => source.close(),
  };
  return await runSource(all, { clock: PATIENT });
}

withMosquitto("MqttIntake, disturbed in random order, comes to the rows of an undisturbed run", async (at) => {
  await using world = await World.open(at);
  let seed = 7;
  const chance = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const items = Array.from({ length: ROUNDS * EACH }, (_, i) => reading(i));
  const messages = items.map(({ sensor, time, values }) => ({
    topic: `${world.prefix}/hall/${sensor}`,
    payload: JSON.stringify({ time, values }),
  }));
  await world.start();
  const actions = [
    async () => {
      await at.stop();
      await at.again();
    },
    async () => {
      await world.stop();
      await world.start();
    },
    async () => {
      await world.stop();
      await at.stop();
      await at.again();
      await world.start();
    },
    () => Promise.resolve(),
  ];
  for (let round = 0; round < ROUNDS; round++) {
    const mine = messages.slice(round * EACH, (round + 1) * EACH);
    const sent = (async () => {
      for (let from = 0; from < mine.length;) {
        try {
          await publish(at, mine.slice(from, from + 40));
          from += 40;
        } catch {
          await systemClock.sleep(5); // the broker is away: what was under way is sent again
        }
      }
    })();
    await actions[round < actions.length ? round : Math.floor(chance() * actions.length)]();
    await sent;
  }
  const times = () => new Set(items.map((_, i) => i));
  await until("every reading is in the log", async () => {
    const left = times();
    for (const { sensor, time } of await world.lines()) {
      left.delete(((time as number) - START) / 1_000 * SENSORS + Number(String(sensor).slice(1)));
    }
    return left.size === 0;
  });
  await world.stop();
  const undisturbed = await rowsOf(await runSource(new ItemsSource(items, "plant"), { clock: PATIENT }));
  const rows = await rowsOf(await judged(world.log));
  assert(Object.keys(rows).length > SENSORS, "windows too");
  assertEquals(rows, undisturbed);
});
