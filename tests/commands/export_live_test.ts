/**
 * An export of a running instance is one consistent cut, however much comes in meanwhile: whoever goes on from it ends
 * where the instance itself did.
 *
 * @module
 */
import { systemClock } from "../../commands/process/clock.ts";
import { Engine } from "../../commands/instance/engine.ts";
import { importData } from "../../commands/import.ts";
import { judgingOf } from "../../commands/settings/settings.ts";
import { HttpSource } from "../../sources/http.ts";
import { HttpIngest } from "../../sources/http_ingest.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { ReadingLog } from "../../store/log/log.ts";
import { exportSavepoint } from "../../store/savepoint/savepoint.ts";
import { Folder, until } from "../process.ts";
import { said } from "./output.ts";

const BODIES = 100, BODY_READINGS = 25, START = 1_750_000_000_000;
const judging = judgingOf({ types: { pump: { channels: { a: { low: 0, high: 50 } } } } });

/** Body `number`: the next readings of ten pumps. */
function body(number: number): string {
  return Array.from({ length: BODY_READINGS }, (_, k) => {
    const i = number * BODY_READINGS + k, hot = i % 900 > 860 ? 45 : 0;
    const values = { a: 20 + (i * 7919 % 101) / 20 + hot, b: (i * 104729 % 97) / 9 };
    return JSON.stringify({ sensor: `pump-${i % 10}`, time: START + 500 * i, values, type: "pump" });
  }).join("\n");
}

/** An instance on a data directory that takes readings over HTTP. */
async function opened(dataDir: string) {
  const supervisor = { checkpointMs: 20, snapshotMs: 100 };
  const engine = await Engine.open({ dataDir, judging, shards: 1, clock: systemClock, supervisor });
  const log = await ReadingLog.open(engine.kv, { clock: systemClock });
  const ingest = new HttpIngest({ log, clock: systemClock }), stop = new AbortController();
  const running = engine.run(new HttpSource(log), stop.signal);
  const send = async (number: number) => {
    const { accepted } = await ingest.take(new Blob([body(number)]).stream(), { format: "ndjson" });
    assertEquals(accepted, BODY_READINGS);
  };
  /** Ends it once everything that was sent is read and stored; its digest. */
  const end = async (): Promise<string> => {
    await until("everything is read", () => engine.supervisor.runs[0]?.position === log.end(0));
    stop.abort(new Error("the end"));
    await running;
    const digest = await engine.digest();
    await engine.close();
    return digest;
  };
  return { engine, log, send, end };
}

Deno.test("exportSavepoint() of an instance under load is a cut that others go on from to the same end", async () => {
  await using folder = new Folder();
  const { engine, log, send, end } = await opened(folder.at("here")), ends: number[] = [];
  const exporting = async (number: number) => {
    const paused = (work: () => Promise<void>) => engine.kv.paused(work);
    const bytes = exportSavepoint(engine.kv, { clock: systemClock, paused });
    await Deno.writeFile(folder.at(`${number}.savepoint`), bytes);
  };
  let exports: Promise<void> = Promise.resolve();
  for (let number = 0; number < BODIES; number++) {
    if (number % 40 === 30) exports = exports.then(() => exporting(number)); // while the next bodies come
    await send(number);
  }
  await exports;
  assertEquals(log.end(0), BODIES * BODY_READINGS);
  const expected = await end();
  for (const number of [30, 70]) {
    const file = folder.at(`${number}.savepoint`), dataDir = folder.at(`from-${number}`);
    await said(importData, [file, "--data-dir", dataDir]);
    const there = await opened(dataDir), had = there.log.end(0);
    ends.push(had);
    assertEquals(had % BODY_READINGS, 0, "bodies are there whole");
    for (let next = had / BODY_READINGS; next < BODIES; next++) await there.send(next);
    assertEquals(await there.end(), expected, `from the cut behind ${had} readings`);
  }
  assert(ends.every((end, i) => end > 0 && (i === 0 || end > ends[i - 1])), String(ends));
  assert(ends.some((end) => end < BODIES * BODY_READINGS), "some of it came after the cut");
});
