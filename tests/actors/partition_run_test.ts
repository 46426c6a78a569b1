import { judgingSchema } from "../../actors/config.ts";
import type { SourcePartition } from "../../actors/ports.ts";
import { StoreAwayError } from "../../actors/checkpoint.ts";
import { assertRejects } from "../../std/assert.ts";
import { FaultyKv } from "../store/faulty_kv.ts";
import { PATIENT, runSource } from "./harness.ts";

Deno.test("PartitionRun.run() ends when a checkpoint fails, also while nothing comes", async () => {
  const kv = new FaultyKv();
  let past = 0;
  const partition: SourcePartition = {
    id: "live-0",
    async *read(from, signal) {
      const item = { sensor: "a", time: 1_790_000_000_000, values: { x: 1 } };
      yield { kind: "readings", items: [item], positions: [from], next: from + 1 };
      kv.faults = new Array(1_000).fill("lost");
      past = 10_000; // a checkpoint is due, and nothing comes any more
      yield { kind: "readings", items: [item], positions: [from + 1], next: from + 2 };
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
  };
  const source = { name: "live", open: () => Promise.resolve([partition]), close: () => Promise.resolve() };
  const clock = { ...PATIENT, now: () => PATIENT.now() + past };
  await assertRejects(() => runSource(source, { kv, clock, judging: judgingSchema.parse({}) }), StoreAwayError);
});

Deno.test("PartitionRun.run() fails with what failed first, though its source fails as it is given up", async () => {
  const kv = new FaultyKv(),
    judging = judgingSchema.parse({}),
    configurations = { latest: 0, judging: () => Promise.resolve(judging) };
  const partition: SourcePartition = {
    id: "live-0",
    async *read(from, signal) {
      const item = { sensor: "a", time: 1_790_000_000_000, values: { x: 1 } };
      yield { kind: "readings", items: [item], positions: [from], next: from + 1 };
      configurations.latest = 1; // it is to enter before the next reading
      kv.faults = new Array(1_000).fill("lost");
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut off"))));
    },
  };
  const source = { name: "live", open: () => Promise.resolve([partition]), close: () => Promise.resolve() };
  await assertRejects(() => runSource(source, { kv, judging, configurations }), StoreAwayError);
});
