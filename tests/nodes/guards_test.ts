/**
 * What each guard is for, one at a time, over a real KV server: the trouble that it keeps off does its harm without it.
 *
 * The chaos does the same to whole nodes: `deno task chaos --without fence`.
 *
 * @module
 */
import { FencedError, StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import { systemClock as clock } from "../../commands/process/clock.ts";
import { assertEquals, assertRejects } from "../../std/assert.ts";
import { ALL_GUARDS, Chain, type Guards, type Mutation } from "../../store/checkpoint/chain.ts";
import { KEYS } from "../../store/keys.ts";
import { TimedKv } from "../../store/nodes/timed_kv.ts";
import { KV_TOKEN, type KvServer, kvServer } from "../servers/kv.ts";
import { need, testWith } from "../servers/needed.ts";
import { HeldWrites } from "./held_writes.ts";
import { Proxy } from "./proxy.ts";

const needed = await need("denokv", () => kvServer("guards"));
/** Longest wait for an answer, ms: a busy machine answers in this time. */
const DEADLINE_MS = 2_000;
const KEY = KEYS.alert("pump-1");
const freshId = () => crypto.randomUUID();

const alert = (state: "active" | "cleared"): Mutation => ({ key: KEY, value: { state }, bytes: 100 });

/** Over a server that only this case uses the partition of: its alert's state in the end. */
async function play(
  server: KvServer,
  guards: Guards,
  deed: (claim: () => Promise<Chain>, writes: HeldWrites) => Promise<void>,
): Promise<unknown> {
  Deno.env.set("DENO_KV_ACCESS_TOKEN", KV_TOKEN);
  await using writes = new HeldWrites(server.url);
  const partition = freshId();
  using kv = await Deno.openKv(`http://127.0.0.1:${writes.port}`);
  await kv.delete(KEY);
  await deed(() => Chain.claim(kv, partition, { clock, freshId, deadlineMs: DEADLINE_MS, guards }), writes);
  return (await kv.get(KEY)).value;
}

testWith(needed, "Chain.write() keeps a late write from undoing later ones, by the chain key alone", async (server) => {
  const late = (guards: Guards) =>
    play(server, guards, async (claim, writes) => {
      const chain = await claim(), raised = chain.write([alert("active")]), held = await writes.held;
      await raised; // its repetition, after the deadline
      await chain.write([alert("cleared")]);
      await held.letGo();
    });
  assertEquals(await late(ALL_GUARDS), { state: "cleared" });
  assertEquals(await late({ ...ALL_GUARDS, chain: false }), { state: "active" });
});

testWith(
  needed,
  "Chain.write() of an owner that was overtaken in a write does nothing, by the fence alone",
  async (server) => {
    const overtaken = (guards: Guards, ends: (raised: Promise<void>) => Promise<unknown>) =>
      play(server, guards, async (claim, writes) => {
        const old = await claim(),
          raised = old.write([alert("active")]),
          ended = ends(raised),
          held = await writes.held;
        const fresh = await claim();
        await fresh.write([alert("active")]);
        await fresh.write([alert("cleared")]);
        await held.letGo();
        await ended;
      });
    assertEquals(await overtaken(ALL_GUARDS, (raised) => assertRejects(() => raised, FencedError)), {
      state: "cleared",
    });
    assertEquals(await overtaken({ ...ALL_GUARDS, fence: false }, (raised) => raised), { state: "active" });
  },
);

testWith(needed, "TimedKv goes on after a connection has fallen silent, by its deadline alone", async (server) => {
  Deno.env.set("DENO_KV_ACCESS_TOKEN", KV_TOKEN);
  await using proxy = new Proxy(server.ports.kv);
  const open = async (clock: Clock) => {
    const connect = () => Deno.openKv(proxy.url);
    const kv = new TimedKv(await connect(), "kv", clock, DEADLINE_MS, connect);
    await kv.atomic().set(["guard"], 1).commit();
    return kv;
  };
  const end = Promise.withResolvers<void>();
  const patient = await open({ ...clock, sleep: () => end.promise }), kv = await open(clock);
  proxy.fallSilent();
  let isOver = false;
  const waiting = patient.get(["guard"]).catch(() => {}).then(() => isOver = true);
  await assertRejects(() => kv.get(["guard"]), StoreAwayError, "does not answer");
  assertEquals((await kv.get(["guard"])).value, 1);
  assertEquals(isOver, false, "before its deadline nothing comes, not even an error");
  end.resolve();
  await waiting;
  for (const one of [patient, kv]) one.close();
});
