import type { Source, SourcePartition } from "../../actors/ports.ts";
import { systemClock } from "../../commands/process/clock.ts";
import { Engine } from "../../commands/instance/engine.ts";
import { CommandError } from "../../commands/process/errors.ts";
import { exportData } from "../../commands/export.ts";
import { importData } from "../../commands/import.ts";
import { announceInstance, makeToken, takeDataDir } from "../../commands/instance/instance.ts";
import { judgingOf } from "../../commands/settings/settings.ts";
import { scenarioByName } from "../../data/mod.ts";
import { Simulator } from "../../sources/simulator.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../std/assert.ts";
import { exportSavepoint } from "../../store/savepoint/savepoint.ts";
import { said } from "./output.ts";

const ROUNDS = 600;
const anchor = Date.parse("2026-03-01T00:00:00Z");
const scenario = scenarioByName("facility");

/** The facility; stops the run when it has handed out so many positions. */
function facility(stopAt: number, stop: AbortController): Source {
  const simulator = new Simulator(scenario, {
    seed: 42,
    pace: { kind: "finite", anchor, rounds: ROUNDS },
    clock: systemClock,
  });
  const over = (partition: SourcePartition): SourcePartition => ({
    id: partition.id,
    async *read(from, signal) {
      for await (const chunk of partition.read(from, signal)) {
        yield chunk;
        if (chunk.next >= stopAt) stop.abort();
      }
    },
  });
  return {
    name: simulator.name,
    open: async (memory) => (await simulator.open(memory)).map(over),
    close: () => simulator.close(),
  };
}

/** Runs the facility on a data directory, as far as told; returns the digest. */
async function run(dataDir: string, stopAt = Infinity): Promise<string> {
  const engine = await Engine.open({
    dataDir,
    judging: judgingOf({}, { types: scenario.types }),
    shards: 1,
    clock: systemClock,
    supervisor: { checkpointReadings: 2_000 },
  });
  const stop = new AbortController();
  try {
    await engine.run(facility(stopAt, stop), stop.signal);
    return await engine.digest();
  } finally {
    await engine.close();
  }
}

Deno.test("export and import: a run that goes on elsewhere ends with the digest of one that never moved", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const here = `${folder}/here`, there = `${folder}/there`, file = `${folder}/plant.savepoint`;
    const expected = await run(`${folder}/whole`);
    assert(await run(here, 7_000) !== expected);
    assertStringIncludes(await said(exportData, [file, "--data-dir", here]), "window");
    assertStringIncludes(await said(importData, [file, "--data-dir", there]), "read into");
    assertEquals(await run(there), expected);
    assertEquals(await run(here), expected);

    await assertRejects(() => exportData([file, "--data-dir", here]), CommandError, "is there already");
    await assertRejects(() => importData([file, "--data-dir", there]), CommandError, "empty data directory only");
    await assertRejects(() => importData([`${file}x`, "--data-dir", there]), CommandError, "there is no");
    await assertRejects(
      () => exportData([`${file}2`, "--data-dir", `${folder}/no`]),
      CommandError,
      "nothing is stored",
    );
    await Deno.truncate(file, (await Deno.stat(file)).size - 20);
    await assertRejects(() => importData([file, "--data-dir", `${folder}/cut`]), CommandError, "cut off or damaged");
    assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".part")), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("export of a data directory in use asks its instance, with the token, and checks what came", async () => {
  const folder = await Deno.makeTempDir(), dataDir = `${folder}/data`, file = `${folder}/live.savepoint`;
  const lock = await takeDataDir(dataDir), token = makeToken(), kv = await Deno.openKv(":memory:");
  let cutShort = false;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    if (request.headers.get("authorization") !== `Bearer ${token}`) return new Response(null, { status: 401 });
    const whole = new Uint8Array(await new Response(exportSavepoint(kv, { clock: systemClock })).arrayBuffer());
    return new Response(cutShort ? whole.slice(0, -9) : whole);
  });
  try {
    await assertRejects(() => exportData([file, "--data-dir", dataDir]), CommandError, "serves no address");
    await kv.set(["sensor", "s"], Uint8Array.of(1));
    const instance = { pid: Deno.pid, url: `http://127.0.0.1:${server.addr.port}`, started: new Date(0).toISOString() };
    await announceInstance(dataDir, { ...instance, token });
    assertStringIncludes(await said(exportData, [file, "--data-dir", dataDir]), "1 entries (sensor 1)");
    cutShort = true;
    await assertRejects(() => exportData([`${file}2`, "--data-dir", dataDir]), CommandError, "cut off");
    await announceInstance(dataDir, { ...instance, token: makeToken() });
    await assertRejects(
      () => exportData([`${file}2`, "--data-dir", dataDir]),
      CommandError,
      "refused to export (HTTP 401)",
    );
    await assertRejects(() => importData([file, "--data-dir", dataDir]), CommandError, "is in use by another");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["data", "live.savepoint"]);
  } finally {
    await server.shutdown();
    kv.close();
    lock.release();
    await Deno.remove(folder, { recursive: true });
  }
});
