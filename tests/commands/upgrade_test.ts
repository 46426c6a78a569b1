/**
 * A store of every earlier version is gone on with: nothing of it is lost, and what straddles the change is right.
 *
 * @module
 */
import { KV_FILE } from "../../commands/instance/database.ts";
import { assertEquals, assertMatch, assertRejects } from "../../std/assert.ts";
import type { ChunkValue, WindowValue } from "../../store/checkpoint/outputs.ts";
import { StoreError } from "../../store/checkpoint/chain.ts";
import { checkFormat, FORMAT } from "../../store/format.ts";
import { KEYS } from "../../store/keys.ts";
import { fromFileUrl } from "../../std/path.ts";
import { RECORDED, recording, RECORDING_NAME, UPGRADE_CONFIG } from "../fixtures/upgrade.ts";
import { MemoryKv } from "../memory_kv.ts";
import { Folder, run } from "../process.ts";

/** Everything of a data directory that does not depend on how the program judges. */
async function facts(dataDir: string) {
  const kv = await Deno.openKv(`${dataDir}/${KV_FILE}`);
  try {
    const windows: [string, number[]][] = [], alerts: string[] = [], rows: Record<string, number> = {};
    for await (const { key, value: { channels, statistics } } of kv.list<WindowValue>({ prefix: ["window"] })) {
      // Of each channel count, mean, least, greatest and deviation; not how many were flagged, and what came later.
      const width = statistics.length / channels.length;
      const kept = channels.flatMap((_, c) => [...statistics.subarray(c * width, c * width + 5)]);
      windows.push([JSON.stringify(key), kept]);
    }
    for await (const { value } of kv.list<{ condition: string; id: string }>({ prefix: ["alert_at"] })) {
      if (value.condition === "limit") alerts.push(value.id);
    }
    for await (const { key, value } of kv.list<ChunkValue>({ prefix: ["readings"] })) {
      const sensor = String(key[1]);
      rows[sensor] = (rows[sensor] ?? 0) + (value.rows.length > 0 ? 1 : 0);
    }
    return { windows, alerts, rows };
  } finally {
    kv.close();
  }
}

Deno.test("replay() goes on with the store of every earlier version as if it had been its own", async () => {
  await using folder = new Folder();
  await Deno.writeTextFile(folder.at(RECORDING_NAME), recording());
  await Deno.writeTextFile(folder.at("config.json"), JSON.stringify(UPGRADE_CONFIG));
  const replay = async (dataDir: string) => {
    const args = ["replay", folder.at(RECORDING_NAME), "--config", folder.at("config.json"), "--data-dir", dataDir];
    const { code, out, error } = await run(args);
    assertEquals(code, 0, error);
    assertMatch(out, new RegExp(`^readings +${RECORDED.toLocaleString("en")}$`, "m"));
    return await facts(dataDir);
  };
  const expected = await replay(folder.at("anew"));
  assertEquals([expected.windows.length, expected.alerts.length], [42, 1]);
  for (const version of [1, 2]) {
    const file = fromFileUrl(new URL(`../fixtures/store_v${version}.savepoint`, import.meta.url));
    const { code, error } = await run(["import", file, "--data-dir", folder.at(`v${version}`)]);
    assertEquals(code, 0, error);
    const before = await facts(folder.at(`v${version}`));
    assertEquals(
      before.windows.length > 20 && before.windows.length < expected.windows.length,
      true,
      "cut in the middle",
    );
    assertEquals(await replay(folder.at(`v${version}`)), expected, `a store with snapshots of version ${version}`);
  }
});

Deno.test("checkFormat() refuses a store of a newer layout, and says what to do", async () => {
  const kv = new MemoryKv();
  await checkFormat(kv);
  await checkFormat(kv);
  await kv.atomic().set(KEYS.format(), FORMAT + 1).commit();
  const error = await assertRejects(() => checkFormat(kv), StoreError);
  assertMatch(error.message, /version 2.*knows version 1.*newer program/);
  await kv.atomic().set(KEYS.format(), "nonsense").commit();
  await assertRejects(() => checkFormat(kv), StoreError);
});
