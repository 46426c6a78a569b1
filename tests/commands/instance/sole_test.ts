import { CommandError } from "../../../commands/process/errors.ts";
import { takeAlone } from "../../../commands/instance/sole.ts";
import { assertEquals, assertRejects } from "../../../std/assert.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { SimulatedClock } from "../../simulation/clock.ts";

/** Lets everything run that waits for nothing but its turn, between any two looks. */
class TurnsClock extends SimulatedClock {
  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await super.sleep(ms, signal);
    for (let turn = 0; turn < 40; turn++) await Promise.resolve();
  }
}

/** A process that takes readings over HTTP, until `stop`. */
async function begin(kv: MemoryKv, clock: TurnsClock, node: string) {
  const said: string[] = [], stop = new AbortController();
  const keep = await takeAlone(kv, { clock, node, where: "http://kv:4512", say: (sentence) => said.push(sentence) });
  const ended = keep(stop.signal);
  await clock.sleep(0);
  return { said, stop, ended };
}

Deno.test("takeAlone() refuses a second process while the first one lives, and says what to do", async () => {
  const kv = new MemoryKv(), clock = new TurnsClock(), first = await begin(kv, clock, "http://127.0.0.1:8000");
  assertEquals(first.said, []);
  await assertRejects(
    () => begin(kv, clock, "http://127.0.0.1:8001"),
    CommandError,
    "another instance (http://127.0.0.1:8000) takes readings over HTTP on http://kv:4512",
  );
  first.stop.abort();
  await first.ended;
  const next = await begin(kv, clock, "http://127.0.0.1:8001");
  assertEquals(next.said, [], "one that ended by itself is not waited for");
  next.stop.abort();
  await next.ended;
});

Deno.test("takeAlone() goes on after one that was killed, once it has seen that it renews nothing", async () => {
  const kv = new MemoryKv(), clock = new TurnsClock(), killed = new TurnsClock(); // its time stands still
  const first = await begin(kv, killed, "old"), begun = clock.now();
  const next = await begin(kv, clock, "new");
  assertEquals(next.said, ["old ran on this store and did not end there: looking whether it still runs."]);
  assertEquals(clock.now() - begun, 7_000);
  for (const { stop } of [first, next]) stop.abort();
  await Promise.all([first.ended, next.ended]);
});

Deno.test("takeAlone() lets one of two go on that begin at the same time, also behind one that was killed", async () => {
  const kv = new MemoryKv();
  for (const round of ["first", "second"]) {
    const clock = new TurnsClock(); // nobody moves that of the first round any more: it renews nothing
    const both = await Promise.allSettled(["a", "b"].map((node) => begin(kv, clock, `${node} of the ${round}`)));
    assertEquals(both.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"], `${round} round`);
    for (const one of both) if (one.status === "rejected") assertEquals(one.reason instanceof CommandError, true);
  }
});
