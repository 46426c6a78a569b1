/**
 * Readings of a partition that another process runs, while somebody follows them and only then.
 *
 * @module
 */
import type { ReadingView } from "../../../actors/views.ts";
import { readingsHub } from "../../../commands/instance/readings_hub.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import type { KvPort } from "../../../store/kv.ts";
import { KEYS } from "../../../store/keys.ts";
import { LiveReadings } from "../../../store/nodes/live_readings.ts";
import { TimedKv } from "../../../store/nodes/timed_kv.ts";
import { SimulatedClock } from "../../simulation/clock.ts";
import { settle } from "../../sources/conformance.ts";
import { WatchedKv } from "../../watched_kv.ts";

function node(kv: WatchedKv, elsewhere: readonly string[]) {
  const clock = new SimulatedClock(), hub = readingsHub(), stop = new AbortController();
  const port: KvPort & Pick<Deno.Kv, "watch"> = {
    get: (key) => kv.get(key),
    getMany: (keys) => kv.getMany(keys),
    list: (selector, options) => kv.list(selector, options),
    atomic: () => kv.atomic(),
    watch: (keys: readonly Deno.KvKey[]) => kv.watch(keys) as ReadableStream<never>,
    close: () => {},
  };
  const server = new TimedKv(port, "kv", clock, 5_000), fleet = { servers: [server], of: () => server };
  const freshId = () => crypto.randomUUID();
  const live = new LiveReadings(fleet, { clock, freshId, readings: hub, elsewhere: () => elsewhere });
  return { clock, hub, live, stop, running: live.run(stop.signal) };
}

const reading = (sensor: string, position: number, filler = ""): ReadingView => ({
  id: `k-0/${position}/${sensor}`,
  sensor,
  time: position,
  values: { x: 1 },
  is_anomaly: false,
  flags: [],
  explanation: filler,
});

Deno.test("LiveReadings gives the newest of each sensor of another process's checkpoint, while somebody follows", async () => {
  const kv = new WatchedKv(), owner = node(kv, []), other = node(kv, ["k-0"]);
  const pass = async () => {
    for (const { clock } of [owner, other]) clock.advance(1_000);
    await settle(20);
  };
  const written = async () => (await kv.get<Uint8Array>(KEYS.readingsLive("k-0"))).value;
  await pass();
  owner.live.tell("k-0", [reading("a", 1)]);
  await pass();
  assertEquals(await written(), null, "nobody follows");

  const following = new AbortController(), seen: string[] = [];
  const follow = async () => {
    for await (const item of other.hub.follow(undefined, following.signal)) if ("data" in item) seen.push(item.data.id);
  };
  const done = follow();
  await pass();
  await pass();
  owner.live.tell("k-0", [reading("a", 2), reading("b", 3), reading("a", 4)]);
  while (seen.length < 2) await settle(1);
  assertEquals(seen, ["k-0/3/b", "k-0/4/a"]);

  // What is more than one value takes is cut down to the later readings.
  const noise = () => Array.from(crypto.getRandomValues(new Uint8Array(500)), (byte) => byte.toString(36)).join("");
  owner.live.tell("k-0", Array.from({ length: 400 }, (_, i) => reading(`s${i}`, 10 + i, noise())));
  while (!seen.includes("k-0/409/s399")) await settle(1);
  assert(seen.length > 30 && seen.length < 402, `${seen.length}`);
  assert((await written())!.length <= 63 * 1024);

  // It ends a while after the last one has gone.
  following.abort();
  await done;
  for (let second = 0; second < 20; second++) await pass();
  const before = await written();
  owner.live.tell("k-0", [reading("a", 1_000)]);
  await pass();
  assertEquals(await written(), before);
  for (const { stop } of [owner, other]) stop.abort();
  await Promise.all([owner.running, other.running]);
});
