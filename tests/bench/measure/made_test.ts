/** @module */
import { judgingSchema } from "../../../actors/config.ts";
import { DETECTORS, judgeLive } from "../../../bench/measure/detectors.ts";
import { byTime, type DataSet, type Sample, Stretches } from "../../../bench/measure/recording.ts";
import { typesOf, withAnomalies, withoutAnomalies } from "../../../bench/measure/scenarios.ts";
import { STREAM_KINDS, streamSets } from "../../../bench/measure/streams.ts";
import { joined, tallyOf } from "../../../bench/measure/tally.ts";
import { WAYS } from "../../../bench/measure/contest.ts";
import { isRefusal, parseReading, type Reading } from "../../../actors/reading.ts";
import { normalAt } from "../../../models/random.ts";
import { assert, assertAlmostEquals, assertEquals, assertGreater } from "../../../std/assert.ts";

Deno.test("Stretches numbers what is labelled in a row as one", () => {
  const stretches = new Stretches();
  const events = [0, 1, 1, 0, 1, 0, 0, 1].map((label) => stretches.next(label === 1));
  assertEquals(events, [-1, 0, 0, -1, 1, -1, -1, 2]);
});

async function samplesOf(set: DataSet, most: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const recording of set.recordings()) {
    for (const sample of recording.samples) {
      if (samples.length >= most) return samples;
      samples.push(sample);
    }
  }
  return samples;
}

Deno.test("streamSets() has valid readings in order, the same in every run, and no two streams alike", async () => {
  for (const set of streamSets(2, 300)) {
    const samples = await samplesOf(set, 600), again = await samplesOf(set, 600);
    assertEquals(samples, again);
    assertEquals(samples.length, 600, set.name);
    const values = samples.map(({ reading }) => JSON.stringify(reading.values));
    if (!/duty|on and off|rare/.test(set.name)) {
      assert(values.slice(0, 300).join() !== values.slice(300).join(), set.name);
    }
    samples.forEach(({ reading, event }, at) => {
      assert(!isRefusal(parseReading(reading)), set.name);
      assertEquals(event, -1);
      if (at % 300 > 0) assertGreater(reading.time, samples[at - 1].reading.time);
    });
  }
  assertEquals(new Set(STREAM_KINDS).size, STREAM_KINDS.length);
});

Deno.test("withAnomalies() has every sensor with its events, withoutAnomalies() none", async () => {
  for (const [name, sensors, days] of [["facility", 25, 0.01], ["parts", 1, 0.01], ["factory", 8, 0.2]] as const) {
    const events = new Map<string, number>();
    for await (const { sensor, samples } of withAnomalies(name, days).recordings()) {
      for (const { event, reading } of samples) {
        assertEquals(reading.sensor, sensor);
        events.set(sensor, Math.max(events.get(sensor) ?? 0, event + 1));
        assert(typesOf(name)[reading.type ?? ""] !== undefined, sensor);
      }
    }
    assertEquals(events.size, sensors);
    assertGreater([...events.values()].reduce((a, b) => a + b), 4, name);
  }
  for (const set of withoutAnomalies(0.01)) {
    for (const { event, reading } of await samplesOf(set, 20_000)) {
      assert(event === -1 && reading.label !== 1, set.name);
    }
  }
});

/** A sensor with noise and three events, each of five readings that stand out. */
function* events(): Generator<Sample> {
  const stretches = new Stretches();
  for (let i = 0; i < 6_000; i++) {
    const odd = i > 2_000 && i % 1_300 < 5;
    const reading: Reading = { sensor: "s", time: i * 60_000, values: { value: normalAt(1, i) + (odd ? 30 : 0) } };
    yield { reading, event: stretches.next(odd) };
  }
}

Deno.test("tallyOf() counts events, false alarms and what was allowed; joined() adds up", async () => {
  const budgets = [1e-4, 1e-3];
  const set = { name: "made", labelled: true, recordings: () => [{ data: "made", sensor: "s", samples: events() }] };
  const seen: string[] = [];
  const tally = await tallyOf(set, budgets, ({ sensor }) => seen.push(sensor));
  assertEquals([seen, tally.readings, tally.measures.length], [["s"], 6_000, WAYS.length]);
  for (const own of tally.measures) {
    own.forEach((measure, b) => {
      assertEquals([measure.events, measure.labelledReadings], [3, 15]);
      assertAlmostEquals(measure.allowed, budgets[b] * 5_985, 1e-9);
    });
  }
  const [rule] = tally.measures;
  assertEquals([rule[1].found, rule[1].delays], [3, [0, 0, 0]]);
  const twice = joined("both", [tally, tally], budgets);
  assertEquals([twice.readings, twice.measures[0][1].found, twice.labelled], [12_000, 6, true]);
});

Deno.test("judgeLive(): limits flag what they are declared for, all find what is plain, alarms rest", async () => {
  const types = { t: { channels: { value: { low: -10, high: 10 } } } };
  const judging = judgingSchema.parse({ types, budget: { perReading: 1e-3 } });
  const samples: Sample[] = [...events()].map(({ reading, event }) => ({ reading: { ...reading, type: "t" }, event }));
  samples.push({ reading: { sensor: "s", time: 0, values: { value: 0 } }, event: -1 });
  const flags = DETECTORS.map(() => 0), alarms = DETECTORS.map(() => 0), passed: number[] = [];
  let told = 0;
  await judgeLive("p", samples, judging, 1e-3, (sample, said) => {
    assertEquals(sample, samples[told++]);
    if (said === undefined) passed.push(told - 1);
    else if (sample.event >= 0) {
      said.flags.forEach((flag, d) => flags[d] += flag);
      said.alarms.forEach((alarm, d) => alarms[d] += alarm);
    }
  });
  const by = (counts: number[]) => Object.fromEntries(DETECTORS.map((name, d) => [name, counts[d]]));
  assertEquals([by(flags).limits, by(flags).combined, by(alarms).limits], [15, 15, 3]);
  assert(by(alarms).combined >= 3 && by(alarms).combined <= 6, "a limit's, and the budget's where it comes apart");
  for (const name of ["z-score", "forest", "network", "surprise", "three sigma", "last value"]) {
    assertGreater(by(flags)[name], 2, name);
  }
  assertEquals([told, passed], [samples.length, [6_000]], "a late one is passed over");
});

Deno.test("byTime() keeps each sensor's order, and goes by time among them", () => {
  const recording = (sensor: string, times: readonly number[]) => ({
    data: "made",
    sensor,
    samples: times.map((time) => ({ reading: { sensor, time, values: {} }, event: -1 })),
  });
  const samples = byTime([recording("a", [1, 3, 2, 9]), recording("b", []), recording("c", [1, 2, 3])]);
  const order = [...samples].map(({ reading: { sensor, time } }) => `${sensor}${time}`);
  assertEquals(order, ["a1", "c1", "c2", "a3", "a2", "c3", "a9"]);
});
