import fc from "fast-check";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import {
  type LogEntry,
  LogError,
  type Piece,
  RequestConflictError,
  type RequestRecord,
  type RequestState,
} from "../../../actors/log.ts";
import { SourceError } from "../../../actors/ports.ts";
import { type LogOptions, PIECE_BYTES, ReadingLog } from "../../../store/log/log.ts";
import { forgetRequests } from "../../../store/log/requests.ts";
import { FakeClock, NOON, settle } from "../../routes/fakes.ts";
import { type CommitFault, FaultyKv } from "../faulty_kv.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();
const never = new AbortController().signal;

function piece(partition: number, ...lines: string[]): Piece {
  return { partition, bytes: encoder.encode(lines.map((line) => `${line}\n`).join("")), count: lines.length };
}

/** A log over a database in memory, with a clock that a test moves and ids that count up. */
async function logOver(kv: FaultyKv, clock: FakeClock, options: Partial<LogOptions> = {}): Promise<ReadingLog> {
  return await ReadingLog.open(kv, { clock, freshId: ids(), ...options });
}

let opened = 0;

function ids(): () => string {
  const log = opened++;
  let id = 0;
  return () => `${log}/${id++}`;
}

/** A record as it was read. */
type Record = { at: number; line: string } | { at: number; tick: number };

function recordsOf(entry: LogEntry): Record[] {
  if (entry.kind === "tick") return [{ at: entry.position, tick: entry.time }];
  const lines = decoder.decode(entry.bytes).split("\n").slice(0, -1);
  assertEquals(lines.length, entry.count);
  return lines.map((line, i) => ({ at: entry.position + i, line }));
}

/** The records from `from` to what is the end now. */
async function readAll(log: ReadingLog, partition: number, from = 0): Promise<Record[]> {
  const records: Record[] = [];
  if (from >= log.end(partition)) return records;
  for await (const entry of log.read(partition, from, never)) {
    records.push(...recordsOf(entry));
    if (records.at(-1)!.at + 1 >= log.end(partition)) break;
  }
  return records;
}

const linesOf = (records: readonly Record[]) => records.map((record) => "line" in record ? record.line : "tick");

/** Runs while the clock goes wherever somebody waits for it to go. */
async function hurried<T>(clock: FakeClock, run: Promise<T>): Promise<T> {
  let isOver = false;
  const over = run.finally(() => isOver = true);
  over.catch(() => {});
  while (!isOver) {
    await settle(1);
    if (!isOver && clock.sleepers > 0) await clock.advance(clock.untilNext);
  }
  return await over;
}

function record(lines: number, more: Partial<RequestRecord> = {}): RequestRecord {
  return { created: NOON, lines, hash: `h${lines}`, accepted: lines, rejected: 0, errors: [], isDone: false, ...more };
}

Deno.test("ReadingLog.read() gives what was appended, in order, at positions that count records, from any of them", async () => {
  const log = await logOver(new FaultyKv(), new FakeClock(), { partitions: 2 });
  await log.append([piece(0, "a", "b"), piece(1, "x"), piece(0, "c")]);
  await log.append([piece(0, "d")]);
  assertEquals(await readAll(log, 0), ["a", "b", "c", "d"].map((line, at) => ({ at, line })));
  assertEquals(await readAll(log, 1), [{ at: 0, line: "x" }]);
  for (let from = 0; from < 4; from++) {
    assertEquals(linesOf(await readAll(log, 0, from)), ["a", "b", "c", "d"].slice(from));
  }
});

Deno.test("ReadingLog.read() waits for what comes, and ends with its signal", async () => {
  const log = await logOver(new FaultyKv(), new FakeClock());
  const stop = new AbortController();
  const got: Record[] = [];
  const reading = (async () => {
    for await (const entry of log.read(0, 0, stop.signal)) got.push(...recordsOf(entry));
  })();
  await settle(2);
  await log.append([piece(0, "a")]);
  await log.append([piece(0, "b")]);
  await settle(2);
  assertEquals(linesOf(got), ["a", "b"]);
  stop.abort();
  await reading;
});

Deno.test("ReadingLog.read() tells when an entry arrived, and arrivals never step back", async () => {
  const kv = new FaultyKv(), clock = new FakeClock(5_000);
  await (await logOver(kv, clock)).append([piece(0, "a")]);
  const log = await logOver(kv, new FakeClock(3_000)); // the machine's clock was set back
  await log.append([piece(0, "b")]);
  const arrived: number[] = [];
  for await (const entry of log.read(0, 0, never)) {
    assert(entry.kind === "lines");
    arrived.push(entry.arrived);
    if (arrived.length === 2) break;
  }
  assertEquals(arrived, [5_000, 5_000]);
});

Deno.test("ReadingLog.open() goes on where it was, and refuses another number of partitions", async () => {
  const kv = new FaultyKv(), clock = new FakeClock();
  await (await logOver(kv, clock, { partitions: 3 })).append([piece(2, "a")]);
  const log = await logOver(kv, clock, { partitions: 3 });
  await log.append([piece(2, "b")]);
  assertEquals(linesOf(await readAll(log, 2)), ["a", "b"]);
  await assertRejects(() => logOver(kv, clock, { partitions: 2 }), LogError, "made with 3 partitions");
  await assertRejects(() => logOver(kv, clock, { partitions: 65 }), RangeError, "1 to 64");
});

Deno.test("ReadingLog.append() puts what waits at the same time into one write, entries of at most 60 KiB", async () => {
  const kv = new FaultyKv();
  const log = await logOver(kv, new FakeClock());
  const before = kv.commits;
  const line = "x".repeat(9_990);
  await Promise.all(Array.from({ length: 50 }, (_, i) => log.append([piece(0, `${i}-${line}`)])));
  assertEquals(kv.commits - before, 2); // the first alone, the others together
  assertEquals(linesOf(await readAll(log, 0)).map((text) => parseInt(text)), Array.from({ length: 50 }, (_, i) => i));
  for await (const { value } of kv.list<{ lines: Uint8Array }>({ prefix: ["log", "entry"] })) {
    assert(value.lines.length <= PIECE_BYTES);
  }
});

Deno.test("ReadingLog.append() keeps within the limits of a real Deno KV", async () => {
  const kv = await Deno.openKv(":memory:");
  const log = await ReadingLog.open(kv, { clock: new FakeClock(), partitions: 8 });
  const line = "ü".repeat(PIECE_BYTES / 2 - 1) + " ";
  const full = Array.from({ length: 9 }, (_, i) => ({ ...piece(i % 8, line.slice(0, -1)) }));
  const errors = Array.from({ length: 100 }, (_, i) => ({ line: i, field: "x".repeat(128), message: "y".repeat(256) }));
  const state = await log.request("k");
  await log.append(full, { state, record: record(10, { errors }) });
  assertEquals((await readAll(log, 0)).length, 2);
  assertEquals((await log.request("k")).record?.errors, errors);
  await log.released(0, 1);
  assertEquals((await readAll(log, 0, 1)).length, 1);
  kv.close();
});

Deno.test("ReadingLog.released() deletes what lies before, in any number of entries, and reading it is refused", async () => {
  const kv = new FaultyKv(), clock = new FakeClock();
  const log = await logOver(kv, clock);
  for (let i = 0; i < 100; i++) await log.append([piece(0, `${i}a`, `${i}b`)]);
  await log.released(0, 151); // inside the entry of 150 and 151
  assertEquals(kv.count(["log", "entry", 0]), 25);
  assertEquals(linesOf(await readAll(log, 0, 151))[0], "75b");
  await assertRejects(() => readAll(log, 0, 149), SourceError, "begins at 150");
  const again = await logOver(kv, clock);
  assertEquals(again.backlogBytes, log.backlogBytes);
  await assertRejects(() => readAll(again, 0, 149), SourceError, "begins at 150");
  await again.released(0, 200);
  assertEquals([again.backlogBytes, kv.count(["log", "entry", 0])], [0, 0]);
});

Deno.test("ReadingLog.read() refuses a position that was never written", async () => {
  const log = await logOver(new FaultyKv(), new FakeClock());
  await log.append([piece(0, "a")]);
  await assertRejects(() => log.read(0, 2, never)[Symbol.asyncIterator]().next(), SourceError, "never written");
});

Deno.test("ReadingLog.isFull holds from the greatest backlog on until enough is released", async () => {
  const log = await logOver(new FaultyKv(), new FakeClock(), { backlogBytes: 100 });
  await log.append([piece(0, "x".repeat(98))]);
  assertEquals(log.isFull, false);
  await log.append([piece(0, "y")]);
  assertEquals(log.isFull, true);
  let hasRoom = false;
  const waiting = log.room(never).then(() => hasRoom = true);
  await settle(2);
  assertEquals(hasRoom, false);
  await log.released(0, 1);
  await waiting;
  assertEquals([log.isFull, log.backlogBytes], [false, 2]);
});

Deno.test("ReadingLog.room() has what is in the log dealt with, by anybody, where nobody does in the background", async () => {
  const kv = new FaultyKv(), clock = new FakeClock(), other = await logOver(kv, clock);
  let made = () => other.released(0, 1);
  const much = [piece(0, "x".repeat(100))];
  const log = await logOver(kv, clock, { backlogBytes: 100, makeRoom: () => made() });
  await log.append(much);
  assertEquals(log.isFull, true);
  await log.room(never);
  assertEquals(log.isFull, false);
  await log.append(much);
  made = () => Promise.resolve();
  await assertRejects(() => log.room(never), LogError, "full");
});

Deno.test("ReadingLog.keep() writes ticks into idle partitions only, and never before the first reading", async () => {
  const clock = new FakeClock(1_000_000), stop = new AbortController();
  const log = await logOver(new FaultyKv(), clock, { partitions: 2 });
  const keeping = log.keep(stop.signal);
  await clock.advance(20_000);
  assertEquals([log.end(0), log.end(1)], [0, 0]);
  await log.append([piece(0, "a")]);
  await clock.advance(9_000);
  await log.append([piece(0, "b")]);
  await clock.advance(1_000);
  assertEquals(log.end(0), 2); // b was 1 s ago
  await clock.advance(20_000);
  assertEquals((await readAll(log, 0)).slice(2), [{ at: 2, tick: 1_040_000 }, { at: 3, tick: 1_050_000 }]);
  assertEquals(log.end(1), 0);
  stop.abort();
  await keeping;
});

Deno.test("ReadingLog.append() notes a request with its pieces, and refuses one that another has gone on with", async () => {
  const clock = new FakeClock(), log = await logOver(new FaultyKv(), clock);
  const state = await log.request("k");
  assertEquals(state, { key: "k", version: null });
  const version = await log.append([piece(0, "a")], { state, record: record(1) });
  assertEquals(await log.request("k"), { key: "k", record: record(1), version });
  const stale = log.append([piece(0, "a")], { state, record: record(1) });
  const other = log.append([piece(0, "b")]);
  await assertRejects(() => hurried(clock, stale), RequestConflictError);
  await hurried(clock, other);
  assertEquals(linesOf(await readAll(log, 0)), ["a", "b"]);
});

Deno.test("forgetRequests() forgets a key after 24 hours, and the oldest beyond the greatest number", async () => {
  const kv = new FaultyKv(), clock = new FakeClock();
  const log = await logOver(kv, clock);
  const keys = ["a", "b", "c", "d", "e"];
  const note = async (key: string) => {
    const state = await log.request(key);
    await log.append([], { state, record: record(0, { created: clock.now() }) });
  };
  const known = async () => {
    const states: RequestState[] = await Promise.all(keys.map((key) => log.request(key)));
    return states.filter((state) => state.record !== undefined).map((state) => state.key);
  };
  for (const key of keys) {
    await note(key);
    await clock.advance(1_000);
  }
  assertEquals(await forgetRequests(kv, { clock, requestsMax: 3, deadlineMs: 1_000 }), 2);
  assertEquals(await known(), ["c", "d", "e"]);
  await clock.advance(24 * 3_600_000 - 3_000);
  assertEquals(await known(), ["d", "e"], "one that is too old does not count, even before it is deleted");
  await note("c"); // used again
  await clock.advance(3_600_000);
  assertEquals(await forgetRequests(kv, { clock, requestsMax: 3, deadlineMs: 1_000 }), 2);
  assertEquals(await known(), ["c"]);
  assertEquals([kv.count(["log", "request"]), kv.count(["log", "expiry"])], [1, 1]);
});

Deno.test("ReadingLog.keep() forgets old keys", async () => {
  const kv = new FaultyKv(), clock = new FakeClock(), stop = new AbortController();
  const log = await logOver(kv, clock, { requestsMax: 0 });
  await log.append([], { state: await log.request("k"), record: record(0) });
  const keeping = log.keep(stop.signal);
  await clock.advance(600_000);
  assertEquals([kv.count(["log", "request"]), kv.count(["log", "expiry"])], [0, 0]);
  stop.abort();
  await keeping;
});

Deno.test("ReadingLog.append() survives each single fault of the database: nothing lost, nothing twice", async () => {
  const faults: CommitFault[] = ["lost", "unanswered", "echo", "late", "soon", "hanging"];
  for (const fault of faults) {
    for (const reads of [0, 1, 2]) {
      const kv = new FaultyKv(), clock = new FakeClock();
      const log = await logOver(kv, clock);
      await log.append([piece(0, "before")]);
      kv.faults = [fault];
      kv.failingReads = reads;
      await hurried(clock, log.append([piece(0, "a")]));
      await hurried(clock, log.append([piece(0, "after")]));
      kv.failingReads = 0;
      assertEquals(linesOf(await readAll(log, 0)), ["before", "a", "after"], `${fault}, ${reads} reads fail`);
    }
  }
});

Deno.test("ReadingLog.append() rejects when the database fails for good, and what comes late is there at most once", async () => {
  const kv = new FaultyKv(), clock = new FakeClock();
  const log = await logOver(kv, clock);
  kv.faults = Array.from({ length: 6 }, () => "late");
  await assertRejects(() => hurried(clock, log.append([piece(0, "a")])), LogError, "did not take a write");
  await hurried(clock, log.append([piece(0, "b")]));
  await hurried(clock, log.append([piece(0, "c")]));
  const lines = linesOf(await readAll(log, 0));
  assert(lines.filter((line) => line === "a").length <= 1);
  assertEquals(lines.filter((line) => line !== "a"), ["b", "c"]);
});

const scale = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const anyFault = fc.constantFrom<CommitFault>("ok", "ok", "lost", "unanswered", "echo", "late", "soon", "hanging");

Deno.test("ReadingLog.append() under any faults, with any appends at the same time and restarts, keeps every promise", async () => {
  const step = fc.record({
    appends: fc.integer({ min: 1, max: 4 }),
    keyed: fc.boolean(),
    faults: fc.array(anyFault, { maxLength: 8 }),
    failingReads: fc.integer({ min: 0, max: 2 }),
    restart: fc.boolean(),
    /** Whether the log before the last restart writes, too. */
    second: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const kv = new FaultyKv(), clock = new FakeClock();
      let log = await logOver(kv, clock), other = log, name = 0;
      const acknowledged: string[] = [], tried = new Set<string>();
      for (const { appends, keyed, faults, failingReads, restart, second } of steps) {
        kv.faults = [];
        kv.failingReads = 0;
        if (restart) { // the old one may still have writes under way
          other = log;
          log = await hurried(clock, logOver(kv, clock));
        }
        const states = keyed ? await Promise.all(Array.from({ length: appends }, (_, i) => log.request(`k${i}`))) : [];
        kv.faults = [...faults];
        kv.failingReads = failingReads;
        await hurried(
          clock,
          Promise.all(Array.from({ length: appends }, async (_, i) => {
            const line = `${name++}`, state = states[i];
            tried.add(line);
            const note = state && { state, record: record((state.record?.lines ?? 0) + 1) };
            try {
              const writer = second && i % 2 === 1 && !keyed ? other : log;
              await writer.append([piece(0, line)], note);
              acknowledged.push(line);
            } catch (error) {
              assert(error instanceof LogError, String(error)); // never a conflict: nobody else uses these keys
            }
          })),
        );
      }
      kv.faults = [];
      kv.failingReads = 0;
      const last = await hurried(clock, logOver(kv, clock));
      const lines = linesOf(await readAll(last, 0));
      assertEquals(lines.length, new Set(lines).size, "nothing twice");
      assert(acknowledged.every((line) => lines.includes(line)), "nothing acknowledged is lost");
      assert(lines.every((line) => tried.has(line)), "nothing made up");
    }),
    { numRuns: Math.ceil(100 * scale) },
  );
});
