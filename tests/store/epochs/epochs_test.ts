import { StoreAwayError } from "../../../actors/checkpoint.ts";
import type { Clock } from "../../../actors/ports.ts";
import type { GroupOutcome } from "../../../actors/training/epoch_trainer.ts";
import type { EpochPart } from "../../../actors/training/epochs.ts";
import { SAMPLE_MOST } from "../../../models/sample.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import { EpochBell } from "../../../store/epochs/bell.ts";
import { KvEpochBook } from "../../../store/epochs/book.ts";
import { KvEpochs } from "../../../store/epochs/epochs.ts";
import { fencedKv } from "../../../store/nodes/fenced_kv.ts";
import { KEYS } from "../../../store/keys.ts";
import type { KvPort } from "../../../store/kv.ts";
import { Lease } from "../../../store/nodes/lease.ts";
import { PATIENT, storeOver } from "../../actors/harness.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { DyingKv } from "../dying_kv.ts";
import { FaultyKv } from "../faulty_kv.ts";
import { SimulatedClock } from "../../simulation/clock.ts";

const signal = new AbortController().signal, freshId = () => crypto.randomUUID();

/** A server that does not answer while it is away. */
function breakable(kv: MemoryKv) {
  const server = {
    isAway: false,
    get: <T>(key: Deno.KvKey) => server.isAway ? Promise.reject(new StoreAwayError("away")) : kv.get<T>(key),
    getMany: (keys: readonly Deno.KvKey[]) => kv.getMany(keys),
    list: <T>(selector: Deno.KvListSelector, options?: Deno.KvListOptions) => kv.list<T>(selector, options),
    atomic: () => kv.atomic(),
    close: () => {},
  };
  return server satisfies KvPort;
}

function epochsOver(kv: KvPort, clock: Clock, waitMs = 1_000) {
  const brought = new EpochBell(clock, "brought"), bell = new EpochBell(clock, "trained");
  return { bell, epochs: new KvEpochs(kv, { clock, brought, trained: bell, waitMs, includes: () => true }) };
}

/** What came of a group in an epoch. */
function outcome(epoch: number, version: number): GroupOutcome {
  return { group: "pump", trained: { epoch, version }, decision: { version } };
}

/** A network of a sensor. */
function part(epoch: number, weight: number): EpochPart {
  const weights = new Float32Array([weight, -weight]);
  const local = { sensor: "pump-1", group: "pump", readings: 300, loss: 0.5, weights };
  return { family: "network", epoch, groups: [{ group: "pump", channels: ["x"], rows: [], locals: [local] }] };
}

Deno.test("KvEpochs.decided() gives what counts behind an epoch, whatever came later", async () => {
  const kv = new MemoryKv(), clock = new SimulatedClock(0), { bell, epochs } = epochsOver(kv, clock);
  const book = new KvEpochBook(kv, kv, bell, freshId);
  for (const [epoch, version] of [[10, 1], [20, 2], [40, 3]]) {
    await book.finish("forest", { through: epoch, behind: [] }, [outcome(epoch, version)]);
  }
  for (const [before, expected] of [[10, 1], [20, 2], [30, 2], [40, 3]]) {
    assertEquals(await epochs.decided("forest", ["pump", "other"], before, signal), [
      { group: "pump", version: expected },
    ]);
  }
  assertEquals(await epochs.decided("forest", ["pump"], 9, signal), []);
});

Deno.test("KvEpochs.decided() waits until the epoch is trained, at most so long, and not beyond its end", async () => {
  const kv = new MemoryKv(), clock = new SimulatedClock(0), { bell, epochs } = epochsOver(kv, clock);
  const book = new KvEpochBook(kv, kv, bell, freshId);
  const waiting = epochs.decided("forest", ["pump"], 10, signal);
  await book.finish("forest", { through: 10, behind: [] }, [outcome(10, 1)]);
  assertEquals(await waiting, [{ group: "pump", version: 1 }]);

  const stop = new AbortController(), stopped = epochs.decided("forest", ["pump"], 20, stop.signal);
  stop.abort();
  assertEquals(await stopped, undefined);

  const { epochs: hasty } = epochsOver(kv, clock, 0);
  assertEquals(await hasty.decided("forest", ["pump"], 20, signal), [], "it goes on with what it has");
});

Deno.test("KvEpochs.decided() waits no longer for the server of what all share than for an epoch", async () => {
  const kv = new MemoryKv(), clock = new SimulatedClock(0);
  const server = breakable(kv);
  server.isAway = true;
  assertEquals(await epochsOver(server, clock, 0).epochs.decided("forest", ["pump"], 10, signal), []);

  const { bell, epochs } = epochsOver(server, clock), waiting = epochs.decided("forest", ["pump"], 10, signal);
  const book = new KvEpochBook(kv, kv, bell, freshId);
  server.isAway = false;
  await book.finish("forest", { through: 10, behind: [] }, [outcome(10, 1)]);
  assertEquals(await waiting, [{ group: "pump", version: 1 }], "the version depends on the readings alone");
});

Deno.test("KvEpochs.decided() waits once for a server that is away, not at the end of each epoch", async () => {
  let now = 0;
  const clock: Clock = { now: () => now, sleep: (ms) => (now += ms, Promise.resolve()) };
  const server = breakable(new MemoryKv()), { epochs } = epochsOver(server, clock, 1_000);
  const waitFor = async (epoch: number) => {
    const begun = now;
    assertEquals(await epochs.decided("forest", ["pump"], epoch, signal), []);
    return now - begun;
  };
  server.isAway = true;
  assertEquals([await waitFor(10), await waitFor(20), await waitFor(30)], [1_000, 0, 0]);
  server.isAway = false;
  assertEquals([await waitFor(40), await waitFor(50)], [1_000, 1_000], "it answers, and nobody has trained");
  server.isAway = true;
  assertEquals([await waitFor(60), await waitFor(70)], [1_000, 0]);
});

Deno.test("Claim.writeEpochs() keeps what was brought first, and the trainer finds it until its epoch is over", async () => {
  const kv = new MemoryKv(), claim = await storeOver(kv, PATIENT).claim("p-0");
  await claim.writeEpochs([part(10, 1)], 10);
  await claim.writeEpochs([part(10, 2)], 10); // read again after a crash
  const book = new KvEpochBook(kv, kv, new EpochBell(PATIENT, "trained"), freshId);
  assertEquals([...(await book.look()).network.ended], [["p-0", [10]]]);
  assertEquals(await book.brought("network", 10), part(10, 1).groups);
  await book.finish("network", { through: 10, behind: [] }, []);
  assertEquals([...(await book.look()).network.ended], [["p-0", [10]]], "how far the partition is stays known");
  assertEquals(await book.brought("network", 10), []);
  await claim.writeEpochs([part(20, 3)], 20);
  await book.look();
  await book.finish("network", { through: 20, behind: [] }, []);
  assertEquals([...(await book.look()).network.ended], [["p-0", [20]]]);
});

Deno.test("Claim.writeEpochs() writes what fits at once, with the position that it came of", async () => {
  const kv = new FaultyKv(), claim = await storeOver(kv, PATIENT).claim("p-0"), { commits } = kv;
  await claim.writeEpochs([part(10, 1), { family: "forest", epoch: 10, groups: [] }], 77);
  assertEquals(kv.commits - commits, 1);
  assertEquals((await storeOver(kv, PATIENT).claim("p-0")).recovery?.outputsBegun, 77);
});

Deno.test("KvEpochs.decided() looks once for all partitions that wait for the same", async () => {
  const kv = new MemoryKv(), clock = new SimulatedClock(0), { bell, epochs } = epochsOver(kv, clock);
  const book = new KvEpochBook(kv, kv, bell, freshId), get = kv.get.bind(kv);
  let reads = 0;
  kv.get = (key) => (reads++, get(key));
  const waiting = Array.from({ length: 12 }, () => epochs.decided("forest", ["pump"], 10, signal));
  await book.finish("forest", { through: 10, behind: [] }, [outcome(10, 1)]);
  for (const one of await Promise.all(waiting)) assertEquals(one, [{ group: "pump", version: 1 }]);
  assertEquals(reads, 2, "before it was trained, and after");
});

Deno.test("KvEpochBook.finish() says last of all that an epoch is over, however many writes it takes", async () => {
  const keys = new Float64Array(SAMPLE_MOST), groups = Array.from({ length: 100 }, (_, i) => `type-${i}`);
  const outcomes = groups.map((group) => ({ ...outcome(10, 1), group, trained: { epoch: 10, version: 1, keys } }));
  let most = 0;
  for (let isOver = false; !isOver; most++) {
    const kv = new FaultyKv(), dying = new DyingKv(kv, most), bell = new EpochBell(PATIENT, "trained");
    const finished = new KvEpochBook(kv, dying, bell, freshId).finish("forest", { through: 10, behind: [] }, outcomes);
    await finished.catch(() => {});
    isOver = (await kv.get(KEYS.shared("forest"))).value !== null;
    assertEquals(bell.rings, isOver ? 1 : 0);
    if (isOver) assertEquals(kv.count(["shared_use"]), groups.length);
  }
  assert(most > 3, "several writes");
});

/** Takes a lease; gives it back when the signal is aborted. */
async function take(lease: Lease, signal: AbortSignal): Promise<{ readonly ended: Promise<void> }> {
  const taken = Promise.withResolvers<void>();
  const ended = lease.run(signal, async (held) => {
    taken.resolve();
    await new Promise<void>((resolve) => held.addEventListener("abort", () => resolve(), { once: true }));
  });
  await taken.promise;
  return { ended };
}

Deno.test("a trainer that was stopped, and wakes when another one has the lease, writes nothing", async () => {
  const kv = new MemoryKv(), clock = new SimulatedClock(0), stop = new AbortController(), over = new AbortController();
  const [first, second] = ["first", "second"].map((id) => new Lease(kv, { clock, name: "training", node: id, id }));
  const { ended } = await take(first, stop.signal), { check } = first;
  const book = new KvEpochBook(kv, fencedKv(kv, { check }), new EpochBell(clock, "trained"), freshId);
  await book.finish("forest", { through: 10, behind: [] }, []);
  stop.abort();
  await ended;
  await take(second, over.signal);
  const finishing = () => book.finish("forest", { through: 20, behind: [] }, [outcome(20, 1)]);
  await assertRejects(finishing, StoreAwayError, "another process");
  assertEquals((await kv.get(KEYS.shared("forest"))).value, { through: 10, behind: [] });
  over.abort();
});
