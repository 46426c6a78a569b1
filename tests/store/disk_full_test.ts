/**
 * A disk that is full for a while: writes fail whole, partitions wait, and what comes out in the end is what comes out
 * over a healthy disk.
 *
 * @module
 */
import fc from "fast-check";
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import type { Reading } from "../../actors/reading.ts";
import { systemDisk } from "../../sinks/disk.ts";
import { HttpIngest } from "../../sources/http_ingest.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../std/assert.ts";
import { GatedKv } from "../../store/gate.ts";
import { ReadingLog } from "../../store/log/log.ts";
import { DiskError, troubleOf } from "../../store/trouble.ts";
import { PATIENT, runSource, storedOutputs } from "../actors/harness.ts";
import { ItemsSource } from "../actors/items.ts";
import { MemoryKv, type Write } from "../memory_kv.ts";

/** SQLite's words as Deno hands them on. */
const WORDS = {
  full: "database or disk is full",
  readonly: "attempt to write a readonly database",
  broken: "disk I/O error",
};

/** A database over a disk that fails for some of the commits. */
class FullKv extends MemoryKv {
  commits = 0;
  failed = 0;

  constructor(public isFull: (commit: number) => boolean, private readonly words = WORDS.full) {
    super();
  }

  override commit(write: Write): Promise<Deno.KvCommitResult | Deno.KvCommitError> {
    if (!this.isFull(this.commits++)) return super.commit(write);
    this.failed++;
    return Promise.reject(new TypeError(this.words));
  }
}

/** Waits are over at the next turn. */
const QUICK: Clock = { now: PATIENT.now, sleep: () => new Promise((resolve) => setTimeout(resolve)) };

function readings(): Reading[] {
  return Array.from({ length: 800 }, (_, i) => ({
    sensor: `s${i % 7}`,
    time: 1_700_000_000_000 + 1_000 * i,
    values: { a: i % 300 > 280 ? 500 : Math.sin(i / 9), b: i % 11 },
  }));
}

Deno.test("a partition waits while the disk is full and goes on by itself: nothing is lost, nothing comes twice", async () => {
  const options = { batchSize: 50, checkpointReadings: 100 };
  const healthy = await runSource(new ItemsSource(readings()), options);
  const expected = await storedOutputs(healthy.kv);
  const windows = fc.array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 30 })), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(windows, async (windows) => {
      const disk = new FullKv((commit) => windows.some(([from, length]) => commit >= from && commit < from + length));
      const kv = new GatedKv(disk), told: string[] = [];
      const { digest } = await runSource(new ItemsSource(readings()), {
        ...options,
        kv,
        clock: QUICK,
        storeAwayMs: 1,
        told: (what) => told.push(what),
      });
      assertEquals(digest, healthy.digest);
      assertEquals(await storedOutputs(disk), expected);
      assertEquals(kv.trouble, undefined);
      assertEquals(told.at(-1), told.length === 0 ? undefined : "goes on");
      assert(told.every((what, i) => what === "waits" || told[i - 1] === "waits"), told.join(", "));
    }),
    { numRuns: 8, seed: 7 },
  );
});

Deno.test("GatedKv tells a failing disk from a wrong call, until a write succeeds", async () => {
  for (const [name, words] of Object.entries(WORDS)) {
    const disk = new FullKv((commit) => commit === 0, words), kv = new GatedKv(disk);
    const error = await assertRejects(() => kv.atomic().set(["a"], 1).commit(), DiskError);
    assert(error instanceof StoreAwayError);
    assertEquals(kv.trouble?.message, error.message, name);
    await kv.atomic().set(["a"], 1).commit();
    assertEquals(kv.trouble, undefined, name);
  }
  const wrong = new TypeError("key must not be empty");
  assertEquals(troubleOf(wrong), wrong);
});

Deno.test("HttpIngest answers that it is busy and why while the disk is full, and takes the same body afterwards", async () => {
  let full = false;
  const kv = new GatedKv(new FullKv(() => full)), log = await ReadingLog.open(kv, { clock: QUICK });
  const ingest = new HttpIngest({ log, clock: PATIENT });
  const body = () => new Blob([JSON.stringify({ sensor: "s", time: 1, values: { a: 1 } })]).stream();
  const take = () => ingest.take(body(), { format: "json", idempotencyKey: "once" });
  full = true;
  const refused = await take();
  assertEquals([refused.end, refused.accepted, refused.retryAfter], ["busy", 0, 5]);
  assertMatch(refused.detail ?? "", /the disk of the store is full/);
  full = false;
  assertEquals([(await take()).accepted, log.end(0)], [1, 1]);
  assertEquals([(await take()).accepted, log.end(0)], [1, 1], "told again, not taken twice");
});

Deno.test("systemDisk.write() says that there is no room, as something that passes", async () => {
  if (Deno.build.os !== "linux") return;
  const error = await assertRejects(() => systemDisk.write("/dev/full", 0, [new Uint8Array(10)]), StoreAwayError);
  assertMatch(error.message, /no room to write \/dev\/full/);
});
