/**
 * The replay: pace, stamps, loops, what it remembers and what it refuses.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "../../std/assert.ts";
import { type Chunk, type Clock, SourceError, type SourcePartition } from "../../actors/ports.ts";
import { isRefusal, type Reading } from "../../actors/reading.ts";
import { type ReplayOptions, ReplaySource } from "../../sources/replay.ts";
import { ReplayMemory } from "../../sources/replay_memory.ts";
import { readAll, settle, takenOf, TestMemory } from "./conformance.ts";
import { canonicalLines, concat, gzip, JumpingClock, StandingClock, TestFolder } from "./files.ts";

const START = 1_704_067_200_000;
const lines = canonicalLines(30);
const text = lines.join("\n") + "\n";
const never = new AbortController().signal;

async function openOne(
  paths: string[],
  options: Omit<ReplayOptions, "paths"> = {},
  clock: Clock = new JumpingClock(),
  memory = new TestMemory(),
): Promise<{ source: ReplaySource; partition: SourcePartition }> {
  const source = new ReplaySource({ ...options, paths }, clock);
  const [partition] = await source.open(memory);
  return { source, partition };
}

async function chunksOf(partition: SourcePartition, from = 0): Promise<Chunk[]> {
  const chunks = [];
  for await (const chunk of partition.read(from, never)) chunks.push(chunk);
  return chunks;
}

function readingsOf(chunks: readonly Chunk[]): Reading[] {
  return chunks.flatMap((chunk) => takenOf(chunk)).map(({ item }) => {
    assert(!("tick" in item) && !isRefusal(item), "a reading");
    return item;
  });
}

Deno.test("ReplaySource hands out canonical lines untouched, in pieces of the size asked for", async () => {
  using folder = new TestFolder();
  const content = canonicalLines(5_000).join("\n"); // about 450 KB, without a last newline
  const { partition } = await openOne([folder.write("a.ndjson", content)], { pieceBytes: 100_000 });
  const chunks = await chunksOf(partition);
  const pieces = chunks.filter((chunk) => chunk.kind === "lines");
  assertEquals(new TextDecoder().decode(concat(...pieces.map((chunk) => chunk.bytes))), content);
  assert(pieces.length >= 4 && pieces.length <= 7, `${pieces.length} pieces`);
  let rows = 1;
  for (const piece of pieces) {
    assertEquals(piece.row, rows);
    assertEquals(piece.next, piece.position + piece.bytes.length);
    rows += new TextDecoder().decode(piece.bytes).trimEnd().split("\n").length;
  }
  assertEquals(rows, 5_001);
  assertEquals(chunks.at(-1)?.kind === "tick" ? 0 : chunks.at(-1)?.next, content.length);
});

Deno.test("ReplaySource keeps its pace: each reading when it is due, not before", async () => {
  using folder = new TestFolder();
  for (const [speed, gap] of [["recorded", 1_000], [10, 100], [0.5, 2_000]] as const) {
    const clock = new JumpingClock();
    const begun = clock.now();
    const { partition } = await openOne([folder.write("a.ndjson", text)], { speed }, clock);
    let count = 0;
    for await (const chunk of partition.read(0, never)) {
      for (const _ of takenOf(chunk)) assertEquals(clock.now() - begun, gap * count++, `reading ${count} at ${speed}`);
    }
    assertEquals(count, 30);
  }
});

Deno.test("ReplaySource catches up with what is overdue, and says how far it is behind", async () => {
  using folder = new TestFolder();
  const clock = new JumpingClock();
  const { source, partition } = await openOne([folder.write("a.ndjson", text)], { speed: "recorded" }, clock);
  const sizes: number[] = [];
  for await (const chunk of partition.read(0, never)) {
    sizes.push(takenOf(chunk).length);
    if (sizes.length === 1) clock.time += 10_500; // the taker was busy
    else if (sizes.length === 2) assertEquals(source.lagMs, 9_500);
  }
  assertEquals(sizes, [1, 10, ...Array(19).fill(1)]);
  assertEquals(source.lagMs, 0);
});

Deno.test("ReplaySource paces readings out of order with those before them", async () => {
  using folder = new TestFolder();
  const clock = new JumpingClock();
  const mixed = [lines[0], lines[5], lines[2], lines[6]].join("\n");
  const { partition } = await openOne([folder.write("a.ndjson", mixed)], { speed: "recorded" }, clock);
  const readings = readingsOf(await chunksOf(partition));
  assertEquals(readings.map((one) => (one.time - START) / 1_000), [0, 5, 2, 6]);
  assertEquals(clock.sleeps, [5_000, 1_000]);
});

Deno.test("ReplaySource waits for no wrong clock, and for a gap that every sensor has", async () => {
  using folder = new TestFolder();
  const day = 86_400_000,
    plant = (time: number) =>
      ["a", "b", "c", "d"].map((sensor) => JSON.stringify({ sensor, time: START + time, values: { x: 1 } }));
  for (const batchSize of [1, 1_000]) {
    const clock = new JumpingClock(), begun = clock.now();
    // One sensor is 30 days ahead, again and again; then everything is still for two days.
    const mixed = [0, 1_000, 2_000, 3_000].flatMap((time) => [...plant(time), plant(time + 30 * day)[2]]);
    const gap = [...plant(2 * day), ...plant(2 * day + 1_000)];
    const path = folder.write("a.ndjson", [...mixed, ...gap].join("\n"));
    const { partition } = await openOne([path], { speed: "recorded", batchSize }, clock);
    const due: number[] = [];
    for await (const chunk of partition.read(0, never)) {
      for (const _ of takenOf(chunk)) due.push((clock.now() - begun) / 1_000);
    }
    assertEquals(due.slice(0, 20), [0, 1, 2, 3].flatMap((second) => Array(5).fill(second)));
    assertEquals(due.slice(22), [...Array(2).fill(2 * day / 1_000), ...Array(4).fill(2 * day / 1_000 + 1)]);
  }
  // A sensor alone is believed whatever it says.
  const alone = Array.from({ length: 20 }, (_, i) => plant(i * day)[0]).join("\n"), clock = new JumpingClock();
  const { partition } = await openOne([folder.write("b.ndjson", alone)], { speed: "recorded" }, clock);
  const begun = clock.now();
  await chunksOf(partition);
  assertEquals(clock.now() - begun, 19 * day);
});

Deno.test("ReplaySource is not behind because a recorded clock went back", async () => {
  using folder = new TestFolder();
  const mixed = [lines[0], lines[9], lines[2], "no reading", lines[3], lines[10]].join("\n");
  const { source, partition } = await openOne([folder.write("a.ndjson", mixed)], { speed: "recorded", batchSize: 1 });
  for await (const _ of partition.read(0, never)) assertEquals(source.lagMs, 0);
});

Deno.test("ReplaySource sends batches of a size at an interval", async () => {
  using folder = new TestFolder();
  const clock = new JumpingClock();
  const options = { batchSize: 8, batchIntervalMs: 250 };
  const { partition } = await openOne([folder.write("a.ndjson", text)], options, clock);
  const chunks = await chunksOf(partition);
  assertEquals(chunks.map((chunk) => takenOf(chunk).length), [8, 8, 8, 6]);
  assertEquals(clock.sleeps, [250, 250, 250]);
});

Deno.test("ReplaySource stops at once while it waits for the next reading", async () => {
  using folder = new TestFolder();
  const { source, partition } = await openOne(
    [folder.write("a.ndjson", text)],
    { speed: "recorded" },
    new StandingClock(),
  );
  for (const end of [(stop: AbortController) => stop.abort(), () => source.close()]) {
    const stop = new AbortController();
    const chunks = partition.read(0, stop.signal)[Symbol.asyncIterator]();
    await chunks.next();
    const waiting = chunks.next();
    await settle();
    await end(stop);
    assertEquals((await waiting).done, true);
  }
});

Deno.test("ReplaySource stamps with the present time in the recorded rhythm, the same after a restart", async () => {
  using folder = new TestFolder();
  const path = folder.write("a.ndjson", text);
  const memory = new TestMemory();
  const first = await openOne([path], { stamp: "now", speed: 2 }, new JumpingClock(1_800_000_000_000), memory);
  const readings = readingsOf(await chunksOf(first.partition));
  assertEquals(readings.map((one) => one.time), lines.map((_, i) => 1_800_000_000_000 + i * 500));
  const later = await openOne([path], { stamp: "now", speed: 2 }, new JumpingClock(1_900_000_000_000), memory);
  assertEquals(readingsOf(await chunksOf(later.partition)), readings);
});

Deno.test("ReplaySource stamps by the schedule of batches, also a file without times", async () => {
  using folder = new TestFolder();
  const path = folder.write("a.csv", "device,x\n" + lines.map((_, i) => `d,${i}`).join("\n"));
  const options = { stamp: "now", batchSize: 4, batchIntervalMs: 1_000 } as const;
  const { partition } = await openOne([path], options, new JumpingClock(1_800_000_000_000));
  const times = readingsOf(await chunksOf(partition)).map((one) => one.time - 1_800_000_000_000);
  assertEquals(times, lines.map((_, i) => i * 250));
});

Deno.test("ReplaySource loops with event time going on, and positions too", async () => {
  using folder = new TestFolder();
  const { partition } = await openOne([folder.write("a.ndjson", text)], { loop: true });
  const { taken } = await readAll(partition, 0, 95);
  const times = taken.map(({ item }) => (item as Reading).time);
  // pump-0 reads every 3 s, and 29 s are recorded: a loop is 32 s.
  assertEquals(times, taken.map((_, i) => START + Math.floor(i / 30) * 32_000 + (i % 30) * 1_000));
  for (const sensor of ["pump-0", "pump-1", "pump-2"]) {
    const own = times.filter((_, i) => (taken[i].item as Reading).sensor === sensor);
    assert(own.every((time, i) => i === 0 || time > own[i - 1]), `${sensor} never goes back`);
  }
  assertEquals(taken[30].position, text.length);
  assertEquals(taken[90].position, 3 * text.length);
});

Deno.test("ReplaySource records a loop's shift before it is used", async () => {
  using folder = new TestFolder();
  const path = folder.write("a.ndjson", text);
  const memory = new TestMemory();
  const { partition } = await openOne([path], { loop: true }, new JumpingClock(), memory);
  const saves = memory.saves;
  await readAll(partition, 0, 95);
  assertEquals(memory.saves, saves, "nothing new is found out on the way");
  assert(JSON.stringify(await memory.load()).includes('"loop":{"shiftMs":32000}'));
});

Deno.test("ReplaySource refuses to loop over a file without a reading", async () => {
  using folder = new TestFolder();
  const error = await assertRejects(() => openOne([folder.write("a.ndjson", "x\n")], { loop: true }), SourceError);
  assert(error.message.includes("no reading"), error.message);
});

Deno.test("ReplaySource refuses to go on with a file that changed", async () => {
  using folder = new TestFolder();
  for (const changed of [text + lines[0], text.replace("pump-0", "pump-9"), ""]) {
    const memory = new TestMemory();
    const path = folder.write("a.ndjson", text);
    await openOne([path], {}, new JumpingClock(), memory);
    folder.write("a.ndjson", changed);
    const error = await assertRejects(() => openOne([path], {}, new JumpingClock(), memory), SourceError);
    assert(error.message.includes("is not the file") && error.message.includes("--fresh"), error.message);
  }
});

Deno.test("ReplaySource goes on with a file that was moved, and not under other options", async () => {
  using folder = new TestFolder();
  const memory = new TestMemory();
  await openOne([folder.write("a.ndjson", text)], {}, new JumpingClock(), memory);
  const moved = folder.write("b.ndjson", text);
  await openOne([moved], { speed: 5, batchSize: 3 }, new JumpingClock(), memory); // how fast is no matter
  for (const options of [{ zone: "UTC" }, { loop: true }, { stamp: "now" }] as const) {
    const error = await assertRejects(() => openOne([moved], options, new JumpingClock(), memory), SourceError);
    assert(error.message.includes("other options"), error.message);
  }
  await assertRejects(() => openOne([moved, moved], {}, new JumpingClock(), memory), SourceError, "1 files, not 2");
  await assertRejects(() => openOne([moved], {}, new JumpingClock(), new TestMemory({ version: 9 })), SourceError);
});

Deno.test("ReplaySource says in a sentence what it cannot read", async () => {
  using folder = new TestFolder();
  await assertRejects(() => openOne([`${folder.path}/none.csv`]), SourceError, "no such file");
  await assertRejects(() => openOne([folder.path]), SourceError);
  await assertRejects(
    () => openOne([folder.write("a.csv", new Uint8Array([80, 75, 3, 4, 0, 0]))]),
    SourceError,
    "no text",
  );
  await assertRejects(() => openOne([folder.write("a.csv", "\u00ff")]), SourceError);
  await assertRejects(() => openOne([folder.write("a.gz", "no gzip")]), SourceError, "cannot decompress");
  for (
    const options of [
      { paths: [] },
      { paths: ["a"], speed: 0 },
      { paths: ["a"], speed: NaN },
      { paths: ["a"], batchSize: 0 },
      { paths: ["a"], batchSize: 1_001 },
      { paths: ["a"], batchIntervalMs: -1 },
      { paths: ["a"], pieceBytes: 0 },
    ]
  ) assertThrows(() => new ReplaySource(options, new JumpingClock()), SourceError);
});

Deno.test("ReplaySource tells a compressed file that is cut off from one that ends", async () => {
  using folder = new TestFolder();
  const whole = await gzip(text);
  const broken = whole.slice();
  broken[broken.length - 6] ^= 1; // the checksum
  for (const content of [whole.slice(0, -9), broken]) {
    const error = await assertRejects(async () => {
      const { partition } = await openOne([folder.write("a.ndjson.gz", content)]);
      await chunksOf(partition);
    }, SourceError);
    assert(error.message.includes("cannot decompress"), error.message);
  }
});

Deno.test("ReplaySource gives nothing for an empty file, and nothing behind the end", async () => {
  using folder = new TestFolder();
  for (const name of ["a.ndjson", "a.json", "a.csv"]) {
    const { partition } = await openOne([folder.write(name, "")]);
    assertEquals(readingsOf(await chunksOf(partition)), []);
  }
  const memory = new TestMemory();
  const path = folder.write("a.ndjson", text);
  const { partition } = await openOne([path], {}, new JumpingClock(), memory);
  assertEquals((await chunksOf(partition)).at(-1)?.next, text.length);
  assertEquals(await chunksOf(partition, text.length), []);
  const again = await openOne([path], {}, new JumpingClock(), memory);
  assertEquals(await chunksOf(again.partition, text.length), []);
});

Deno.test("ReplaySource's progress grows from file to file to 1", async () => {
  using folder = new TestFolder();
  const paths = [folder.write("a.ndjson", text), folder.write("b.ndjson", text)];
  for (const options of [{ pieceBytes: 300 }, { pieceBytes: 300, batchSize: 4 }]) {
    const { partition } = await openOne(paths, options);
    let last = 0;
    for (const chunk of await chunksOf(partition)) {
      assert("progress" in chunk && chunk.progress !== undefined && chunk.progress >= last && chunk.progress <= 1);
      last = chunk.progress;
    }
    assertEquals(last, 1);
  }
});

Deno.test("ReplaySource stays small on a compressed file that is a thousand times larger than it looks", async () => {
  using folder = new TestFolder();
  const megabytes = 48;
  const member = await gzip(new Uint8Array(2 ** 20).fill(10));
  const path = folder.write("a.ndjson.gz", concat(...Array.from({ length: megabytes }, () => member)));
  const { source, partition } = await openOne([path]);
  const chunks = partition.read(0, never)[Symbol.asyncIterator]();
  let next = 0;
  for (let result = await chunks.next(); !result.done; result = await chunks.next()) {
    next = result.value.next;
    await settle(2);
    assert(source.takenIn - next <= 2 * 2 ** 20, `${source.takenIn - next} bytes ahead`);
  }
  assertEquals(next, megabytes * 2 ** 20);
});

Deno.test("ReplaySource counts counted times over several files", async () => {
  using folder = new TestFolder();
  const paths = ["a", "b"].map((name) => folder.write(`${name}.csv`, "device,x\nd,1\nd,2\nd,3\n"));
  const { partition } = await openOne(paths, { start: 0, intervalMs: 10 });
  const all = readingsOf(await chunksOf(partition));
  assertEquals(all.map((one) => one.time), [0, 10, 20, 30, 40, 50]);
  assertEquals(partition.id, "a-and-1-more");
});

Deno.test("ReplaySource.toRecord() writes readings in the shape of the file", async () => {
  using folder = new TestFolder();
  const path = folder.write(
    "f.json",
    '[{"timestamp":"2024-01-01T00:00:00.000Z","machine_id":"m","vibration":1,"failure":0}]',
  );
  const { source, partition } = await openOne([path]);
  const [reading] = readingsOf(await chunksOf(partition));
  assertEquals<unknown>(source.toRecord({ ...reading, label: 1 }), {
    timestamp: "2024-01-01T00:00:00.000Z",
    machine_id: "m",
    vibration: 1,
    failure: 1,
  });
  const canonical = await openOne([folder.write("a.ndjson", text)]);
  assertEquals(canonical.source.toRecord(reading), undefined);
});

Deno.test("ReplayMemory notes places on the way, so that a late start counts few rows", async () => {
  using folder = new TestFolder();
  const path = folder.write("a.ndjson", text);
  const memory = new TestMemory();
  const replay = await ReplayMemory.open(memory, [path], "");
  const mega = 2 ** 20;
  for (let at = 0; at <= 1_000; at++) await replay.passed(0, { position: at * mega, rows: at }, false);
  assertEquals(memory.saves, 1 + 3);
  const again = await ReplayMemory.open(memory, [path], "");
  assertEquals(again.markBefore(0, 600 * mega), { position: 512 * mega, rows: 512 });
  assertEquals(again.markBefore(0, 5), { position: 0, rows: 0 });
  assertEquals(again.end(0), undefined);
  await again.passed(0, { position: 2_000 * mega, rows: 2_000 }, true);
  assertEquals((await ReplayMemory.open(memory, [path], "")).end(0), { position: 2_000 * mega, rows: 2_000 });
});
