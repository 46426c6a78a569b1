/** @module */
import fc from "fast-check";
import { BatchBuilder } from "../../actors/batch_builder.ts";
import type { Reading } from "../../actors/reading.ts";
import { assert, assertEquals } from "../../std/assert.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();
const CHANNELS = ["a", "b", "__proto__x", "7", "toString"];

const reading = fc.record({
  sensor: fc.nat(5),
  time: fc.nat(1e9),
  values: fc.dictionary(fc.constantFrom(...CHANNELS), fc.option(fc.integer()), { minKeys: 1 }),
  label: fc.option(fc.constantFrom(0 as const, 1 as const), { nil: undefined }),
});
const step = fc.oneof(
  fc.record({ reading }),
  fc.record({ line: fc.record({ sensor: fc.nat(5), length: fc.integer({ min: 1, max: 300 }), gap: fc.boolean() }) }),
  fc.record({ tick: fc.nat(1e9) }),
);

Deno.test("BatchBuilder.take() gives back what was added, in order, and is empty again", () => {
  fc.assert(fc.property(fc.array(fc.array(step, { maxLength: 60 }), { minLength: 1, maxLength: 3 }), (batches) => {
    const builder = new BatchBuilder("p"), bytes = encoder.encode("0123456789".repeat(3_000));
    for (const steps of batches) {
      let at = 0, position = 0;
      const expected: string[] = [];
      for (const one of steps) {
        position += 3;
        if ("tick" in one) {
          builder.addTick(one.tick, position);
          expected.push(`tick ${one.tick}@${position}`);
        } else if ("line" in one) {
          if (one.line.gap) at += 17;
          const end = at + one.line.length;
          builder.addLine(one.line.sensor, position, position, 1, bytes, at, at, end);
          expected.push(`line ${one.line.sensor} ${decoder.decode(bytes.subarray(at, end))}@${position}`);
          at = end + 1;
        } else {
          const { sensor, ...rest } = one.reading;
          builder.addReading(sensor, { ...rest, sensor: "" } as Reading, position, 1);
          const values = Object.entries(rest.values).filter(([, value]) => value !== null);
          expected.push(`reading ${sensor} ${rest.time} ${JSON.stringify(values)} ${rest.label ?? -1}@${position}`);
        }
      }
      assertEquals(builder.empty, steps.length === 0);
      assertEquals(readBack(builder.take([])), expected);
      assert(builder.empty);
    }
  }));
});

/** A batch as the shard meets it: ticks stand before the reading of their index. */
function readBack(batch: ReturnType<BatchBuilder["take"]>): string[] {
  const all: string[] = [];
  let tick = 0;
  for (let i = 0; i <= batch.count; i++) {
    for (; tick < batch.ticks.length && batch.ticks[tick].index === i; tick++) {
      all.push(`tick ${batch.ticks[tick].time}@${batch.ticks[tick].position}`);
    }
    if (i === batch.count) break;
    const sensor = batch.sensors[i], position = batch.positions[i];
    if (batch.lineAt[i] >= 0) {
      const text = decoder.decode(batch.text?.subarray(batch.lineAt[i], batch.lineEnd[i]));
      assertEquals(batch.lineValues[i], batch.lineAt[i]);
      all.push(`line ${sensor} ${text}@${position}`);
      continue;
    }
    const values: [string, number][] = [];
    for (let k = batch.valueAt[i]; k < batch.valueAt[i + 1]; k++) {
      values.push([batch.channelNames[batch.channels[k]], batch.values[k]]);
    }
    all.push(`reading ${sensor} ${batch.times[i]} ${JSON.stringify(values)} ${batch.labels[i]}@${position}`);
  }
  return all;
}

Deno.test("BatchBuilder grows over its first columns", () => {
  const builder = new BatchBuilder("p"), count = 5_000;
  for (let i = 0; i < count; i++) builder.addReading(i % 9, { sensor: "", time: i, values: { a: i, b: -i } }, i, i);
  const batch = builder.take([]);
  assertEquals([batch.count, batch.values.length, batch.times[count - 1], batch.rows[count - 1]], [
    count,
    2 * count,
    count - 1,
    count - 1,
  ]);
  assertEquals([...batch.values.subarray(2 * count - 2)], [count - 1, 1 - count]);
});
