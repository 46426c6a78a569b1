import fc from "fast-check";
import type { ShardOutput } from "../../actors/batch.ts";
import { BatchBuilder } from "../../actors/batch_builder.ts";
import { judgingSchema } from "../../actors/config.ts";
import { Shard } from "../../actors/shard.ts";
import { NUMBER_BYTES, writeFixed, writeWhole } from "../../actors/sensor/digits.ts";
import { FLAG_LENGTH, WINDOW_CHANNEL, WINDOW_HEAD, WINDOW_RECORD } from "../../actors/sensor/outputs.ts";
import { RowWriter } from "../../actors/sensor/rows.ts";
import { mergeRows } from "../../actors/sensor/rows_merge.ts";
import { assert, assertAlmostEquals, assertEquals, assertGreater } from "../../std/assert.ts";

const decoder = new TextDecoder();

function fixed(value: number): string {
  const bytes = new Uint8Array(NUMBER_BYTES).fill(57); // what was there before must not show
  return decoder.decode(bytes.subarray(0, writeFixed(bytes, 0, value)));
}

function whole(value: number): string {
  const bytes = new Uint8Array(NUMBER_BYTES).fill(57);
  return decoder.decode(bytes.subarray(0, writeWhole(bytes, 0, value)));
}

Deno.test("writeWhole() writes what String() does", () => {
  const edges = [0, 9, 10, 99, 100, 999_999_999, 1e9, 1e9 + 1, 1_772_323_220_000, 1e15, 2 ** 53];
  for (const value of edges) assertEquals(whole(value), String(value));
  fc.assert(fc.property(fc.maxSafeNat(), (value) => assertEquals(whole(value), String(value))));
  fc.assert(fc.property(fc.nat(2_000_000), (value) => assertEquals(whole(value), String(value))));
});

Deno.test("writeFixed() writes toFixed(4) or its neighbour", () => {
  const known: [number, string][] = [
    [0, "0.0000"],
    [-0, "0.0000"],
    [1.5, "1.5000"],
    [-3.25, "-3.2500"],
    [0.99996, "1.0000"],
    [9999.99999, "10000.0000"],
    [-0.00001, "-0.0000"],
    [1e12, "1000000000000.0000"],
    [-1e20, "-100000000000000000000.0000"],
    [1e100, "1e+100"],
  ];
  for (const [value, text] of known) assertEquals(fixed(value), text);
  const numbers = fc.oneof(
    fc.double({ noNaN: true, min: -1e12, max: 1e12 }),
    fc.float({ noNaN: true, min: -99, max: 99 }),
  );
  fc.assert(
    fc.property(numbers, (value) => {
      const text = fixed(value);
      assertEquals(/^-?\d+\.\d{4}$/.test(text), true, text);
      assertAlmostEquals(Number(text), Number(value.toFixed(4)), 1.001e-4 + Math.abs(value) * 2 ** -52);
    }),
    { numRuns: 2_000 },
  );
});

/** A window record. */
function window(sensor: number, position: number, start: number, statistics: readonly number[][], spec = 0): number[] {
  const head = new Array<number>(WINDOW_HEAD).fill(0), at = WINDOW_RECORD;
  head[at.sensor] = sensor;
  head[at.spec] = spec;
  head[at.start] = start;
  head[at.position] = position;
  head[at.channels] = statistics.length;
  return [...head, ...statistics.flat()];
}

function rowsOf(windows: number[][], flags: number[][], lengths = [60_000], names = ["b", "a", 'c,"x"']) {
  const writer = new RowWriter(lengths.map((lengthMs) => ({ lengthMs, hopMs: lengthMs })), {
    sensor: (number) => names[number],
    channels: () => ["t", "h"],
  });
  const w = Float64Array.from(windows.flat()), f = Float64Array.from(flags.flat());
  return writer.write(w, w.length, f, f.length);
}

Deno.test("RowWriter writes a row a channel and a flag, in order of position, windows first, then by name", () => {
  assertEquals([WINDOW_CHANNEL, FLAG_LENGTH], [6, 11]);
  const statistics = [[2, 1.5, 1, 2, 0.5, 1], [0, 0, 0, 0, 0, 0]];
  const { bytes, index } = rowsOf(
    [window(0, 9, 120_000, statistics), window(0, 5, 60_000, statistics), window(1, 9, 120_000, statistics)],
    [[2, 9, 125_000, 0, 1, 7, 3.5, -1, 2, 0.25, 4], [1, 4, 61_000, 0, 0, 7, 3.5, -1, 2, 0.25, 4]],
  );
  assertEquals(decoder.decode(bytes).trimEnd().split("\n"), [
    "A,a,61000,t,7.0000,3.5000,-1.0000,2.0000,0.2500,4.0000",
    "W,b,60000,t,2,1.5000,1.0000,2.0000,0.5000,1",
    "W,a,120000,t,2,1.5000,1.0000,2.0000,0.5000,1",
    "W,b,120000,t,2,1.5000,1.0000,2.0000,0.5000,1",
    'A,"c,""x""",125000,h,7.0000,3.5000,-1.0000,2.0000,0.2500,4.0000',
  ]);
  const positions = [...index].filter((_, i) => i % 3 === 0);
  assertEquals(positions, [4, 5, 9, 9, 9]);
  assertEquals(index.at(-1), bytes.length);
});

Deno.test("RowWriter adds the length where several windows are configured", () => {
  const { bytes } = rowsOf([window(0, 5, 0, [[1, 2, 2, 2, 0, 0]], 1)], [], [60_000, 300_000]);
  assertEquals(decoder.decode(bytes), "W,b,0,t,1,2.0000,2.0000,2.0000,0.0000,0,300000\n");
});

Deno.test("mergeRows() gives the same bytes however records are spread over shards and batches", () => {
  const names = Array.from({ length: 12 }, (_, sensor) => `s${(sensor * 7) % 12}`);
  const step = fc.record({ sensor: fc.nat(11), gap: fc.nat(2), isFlag: fc.boolean(), cut: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 2, max: 4 }),
      fc.nat(40),
      (steps, shards, from) => {
        const write = (of: (sensor: number) => number, count: number) => {
          const batches: ReturnType<typeof rowsOf>[][] = Array.from({ length: count }, () => []);
          let windows: number[][][] = batches.map(() => []), flags: number[][][] = batches.map(() => []), position = 0;
          const flush = () => {
            for (let shard = 0; shard < count; shard++) {
              batches[shard].push(rowsOf(windows[shard], flags[shard], [60_000], names));
            }
            windows = batches.map(() => []);
            flags = batches.map(() => []);
          };
          for (const { sensor, gap, isFlag, cut } of steps) {
            if (cut && gap > 0) flush();
            position += gap;
            if (isFlag) flags[of(sensor)].push([sensor, position, position, 0, 0, 1, 2, 3, 4, 5, 6]);
            else windows[of(sensor)].push(window(sensor, position, position, [[1, 2, 2, 2, 0, 0]]));
          }
          flush();
          return batches;
        };
        const name = (sensor: number) => names[sensor];
        const text = (pieces: Uint8Array[]) => pieces.map((piece) => decoder.decode(piece)).join("");
        const one = text(mergeRows(write(() => 0, 1), from, name));
        assertEquals(text(mergeRows(write((sensor) => sensor % shards, shards), from, name)), one);
        const times = one.split("\n").filter((row) => row !== "").map((row) => Number(row.split(",")[2]));
        assertEquals(times, times.toSorted((a, b) => a - b));
        assert(times.every((time) => time >= from));
      },
    ),
  );
});

Deno.test("Shard writes rows of what it would have given out as records", () => {
  const judging = judgingSchema.parse({});
  const run = (rows: boolean): ShardOutput => {
    const shard = new Shard({
      judging,
      keepHistory: false,
      wanted: { verdicts: false, flags: !rows, history: false, rows },
    });
    const builder = new BatchBuilder("p");
    for (let i = 0; i < 400; i++) {
      const value = i % 37 === 36 ? 99 : 20 + Math.sin(i);
      builder.addReading(i % 2, { sensor: `s${i % 2}`, time: 1_000 * i, values: { t: value } }, i, 0);
    }
    return shard.handle(builder.take([{ sensor: 0, name: "s0" }, { sensor: 1, name: "s1" }]));
  };
  const plain = run(false), { rows, flags, windows } = run(true);
  assert(rows);
  const lines = decoder.decode(rows).trimEnd().split("\n");
  const count = (letter: string) => lines.filter((line) => line.startsWith(letter)).length;
  assertGreater(plain.flags.length, 0);
  assertEquals(count("A"), plain.flags.length / FLAG_LENGTH);
  assertEquals(count("W"), plain.windows.length / (WINDOW_HEAD + WINDOW_CHANNEL));
  assertEquals([flags.length, windows.length], [0, plain.windows.length]);
});
