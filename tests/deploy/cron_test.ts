/**
 * The cron of a process: it is registered by `deno serve`, and does what requests have left.
 *
 * @module
 */
import { HttpIngest } from "../../sources/http_ingest.ts";
import { ReadingLog } from "../../store/log/log.ts";
import { systemClock } from "../../commands/process/clock.ts";
import { freePort, Program, until } from "../process.ts";
import { testStore } from "./store.ts";

Deno.test("registerCron() has a process of `deno serve` apply what a request has only logged", async () => {
  await using store = await testStore("deploy-cron");
  const port = freePort(), env = { SENSORIUM_KV: store.kv, SENSORIUM_REQUIRE_KEYS: "false" };
  await using program = new Program([], { serve: port, entry: "tests/deploy/fast_cron.ts", env });
  await program.says(/registered: sensorium, \* \* \* \* \*\n/);

  // As a process leaves it that ends between the log and the partition.
  using kv = await Deno.openKv(store.kv);
  const log = await ReadingLog.open(kv, { clock: systemClock, partitions: 4 });
  const line = JSON.stringify({ sensor: "a", time: Date.now() - 1_000, values: { x: 1 } });
  await new HttpIngest({ log, clock: systemClock }).take(new Response(line).body!, { format: "ndjson" });
  await until("the reading is applied", async () => {
    return (await kv.get(["sensor", "a"])).value !== null;
  });
});
