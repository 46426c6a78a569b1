import { parts } from "../../data/parts.ts";
import { readingWriter } from "../../data/output.ts";
import { announceInstance, makeToken, takeDataDir } from "../../commands/instance/instance.ts";
import { CommandError, UsageError } from "../../commands/process/errors.ts";
import { exportData } from "../../commands/export.ts";
import { train } from "../../commands/train.ts";
import { ensurePartsModel, newLogistic, partsOrigin, trainParts } from "../../commands/train/model.ts";
import { ModelServer } from "../../actors/model_server.ts";
import { makeApp } from "../../routes/app.ts";
import { serve } from "../../routes/serve.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../std/assert.ts";
import { stringify } from "../../std/csv.ts";
import { join } from "../../std/path.ts";
import { KvModelRegistry } from "../../store/registry.ts";
import { MemoryKv } from "../memory_kv.ts";
import { drawTable } from "../models/logistic/tables.ts";
import { FakeClock, fakeDeps } from "../routes/fakes.ts";
import { inFolder, said } from "./output.ts";

/** The registry of a data directory at rest. */
async function inRegistry<T>(dataDir: string, act: (registry: KvModelRegistry) => Promise<T>): Promise<T> {
  const kv = await Deno.openKv(join(dataDir, "sensorium.kv"));
  try {
    return await act(new KvModelRegistry(kv, { clock: new FakeClock(), freshId: () => crypto.randomUUID() }));
  } finally {
    kv.close();
  }
}

/** A labelled file: rows of two features, a cause that is only known afterwards, and the label. */
async function labelledFile(folder: string): Promise<string> {
  const { rows, labels } = drawTable(400, 2, 1, ([a, b]) => 2 * a * b);
  const records = Array.from(labels, (label, at) => [rows[2 * at], rows[2 * at + 1], label * (at % 2), label]);
  const path = join(folder, "items.csv");
  await Deno.writeTextFile(path, stringify([["heat", "load", "cause", "faulty"], ...records]));
  return path;
}

Deno.test("train() shows everything about the parts, and registers the version that answers", () =>
  inFolder(async (dataDir) => {
    const text = await said(train, ["--data-dir", dataDir]);
    for (
      const part of [
        "rows: 5,280 to learn from, 1,320 set aside (320 of them label 1)",
        "<- chosen",
        "accuracy",
        "roc auc",
        "confusion on the rows set aside",
        "calibration:",
        "temperature × sound_volume",
        "registered: parts version 1",
        "in use",
      ]
    ) assertStringIncludes(text, part);
    await said(train, ["parts", "--seed", "7", "--folds", "3", "--data-dir", dataDir]);
    await inRegistry(dataDir, async (registry) => {
      const [second, first] = await registry.versions("parts");
      assertEquals([second.version, second.lineage.seed, second.lineage.data], [2, 7, "parts, seed 7"]);
      assertEquals(first.lineage.rows, 5_280);
      assertEquals(await registry.bytes("parts", 1), trainParts(42).model.toBytes());
    });
  }));

Deno.test("train() learns from a file, names what it left out, and warns of what tells the label", () =>
  inFolder(async (folder) => {
    const path = await labelledFile(folder), dataDir = join(folder, "data");
    const all = await said(train, [path, "--label", "faulty", "--data-dir", dataDir, "--no-register"]);
    assertStringIncludes(all, "take care: cause tell the label all by themselves");
    assertStringIncludes(all, "--without 'cause'");
    assert(!all.includes("registered"));
    const args = [path, "--label", "faulty", "--without", "cause", "--name", "mine", "--data-dir", dataDir];
    const text = await said(train, args);
    assertStringIncludes(text, "features: heat, load\nleft out: cause (as asked)");
    assertStringIncludes(text, "registered: mine version 1");
    await inRegistry(dataDir, async (registry) => {
      const [{ lineage }] = await registry.versions("mine");
      assertEquals([lineage.data, lineage.rows], ["items.csv, label faulty", 320]);
      assertEquals(JSON.stringify(lineage.configuration).includes(folder), false); // no path of this machine
    });
  }));

Deno.test("train() learns from what simulate writes", () =>
  inFolder(async (folder) => {
    const scenario = parts(), writer = readingWriter("csv", scenario), path = join(folder, "sensor_data.csv");
    const run = { seed: 3, anchor: Date.UTC(2026, 0, 1), intervalMs: 1_000 };
    const readings = Array.from({ length: 1_500 }, (_, at) => scenario.reading(at, run)).filter((one) =>
      one !== undefined
    );
    await Deno.writeTextFile(path, writer.begin() + writer.write(readings) + writer.end());
    const text = await said(train, [path, "--label", "label", "--no-register", "--data-dir", folder]);
    assertStringIncludes(
      text,
      "sensor_data: sensor_data.csv, label label\nfeatures: temperature, humidity, sound_volume",
    );
  }));

Deno.test("train() says in one sentence what it cannot do", () =>
  inFolder(async (folder) => {
    const path = await labelledFile(folder), dataDir = ["--data-dir", folder];
    const usage: [string[], string][] = [
      [[path], "train FILE needs --label COLUMN"],
      [["parts", "--label", "x"], "are for a FILE"],
      [[path, "more"], "at most 1 arguments"],
      [[path, "--folds", "1"], "from 2 to 20"],
    ];
    for (const [args, message] of usage) await assertRejects(() => train([...args, ...dataDir]), UsageError, message);
    const failures: [string[], string][] = [
      [[join(folder, "none.csv"), "--label", "x"], "there is no "],
      [[path, "--label", "x"], 'has no column "x"'],
      [[path, "--label", "cause", "--features", "faulty", "--name", "x".repeat(129)], "a model's name must have"],
    ];
    for (const [args, message] of failures) {
      await assertRejects(() => train([...args, ...dataDir]), CommandError, message);
    }
    await Deno.writeTextFile(path, "a,ok\n1,0\n2,1\n5,0\n");
    const few = [path, "--label", "ok", ...dataDir];
    await assertRejects(() => train(few), CommandError, "at least 20 rows must have the label 0, not 2");
    const lock = await takeDataDir(folder);
    const held = train(["parts", ...dataDir]);
    await assertRejects(() => held, CommandError, "held by a command that serves no address");
    lock.release();
  }));

Deno.test("train() and export --models work through a running instance, which answers with the version at once", () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, "data"),
      lock = await takeDataDir(dataDir),
      token = makeToken(),
      clock = new FakeClock();
    let ids = 0;
    const registry = new KvModelRegistry(new MemoryKv(), { clock, freshId: () => `${++ids}` });
    await ensurePartsModel(registry, 42);
    const models = new ModelServer({ registry, clock });
    const server = serve(makeApp(fakeDeps({ models, token })), { hostname: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${server.addr.port}`;
    const leave = await announceInstance(dataDir, { pid: Deno.pid, url, token, started: "2026-01-31T12:00:00.000Z" });
    try {
      const ask = async () => {
        const body = JSON.stringify({ temperature: 30, humidity: 70, sound_volume: 65 });
        const { prediction, model_version } = await (await fetch(`${url}/predict`, { method: "POST", body })).json();
        return [prediction, model_version];
      };
      assertEquals(await ask(), [0, 1]);
      assertStringIncludes(await said(train, ["--seed", "9", "--data-dir", dataDir]), "parts version 2");
      assertEquals(await ask(), [0, 2]);
      await registry.pin("parts", 1);
      const pinned = await said(train, ["--seed", "10", "--data-dir", dataDir]);
      assertStringIncludes(pinned, "version 1 is pinned and stays in use");
      const text = await said(exportData, ["--models", join(folder, "models"), "--data-dir", dataDir]);
      assertStringIncludes(text, "1 models, 3 versions");
      assertEquals(
        await Deno.readFile(join(folder, "models", "global", "parts", "2.json")),
        trainParts(9).model.toBytes(),
      );
      const long = ["--name", "x".repeat(129), "--data-dir", dataDir];
      await assertRejects(() => train(long), CommandError, "refused /admin/models: A model's name must have");
    } finally {
      await leave();
      await server.shutdown();
      lock.release();
    }
  }));

Deno.test("export --models writes the models of a data directory at rest, and makes none", () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, "data"), to = join(folder, "models");
    await assertRejects(() => exportData(["--models", to, "--data-dir", dataDir]), CommandError, "nothing is stored");
    await said(train, ["--data-dir", dataDir]);
    assertStringIncludes(await said(exportData, ["--models", to, "--data-dir", dataDir]), "1 models, 1 versions");
    assertEquals([...Deno.readDirSync(join(to, "global", "parts"))].length, 3);
    await assertRejects(() => exportData(["--data-dir", dataDir]), UsageError, "export needs FILE");
  }));

Deno.test("ensurePartsModel() trains once, and agrees with a node that was faster", async () => {
  const kv = new MemoryKv(), clock = new FakeClock();
  let ids = 0;
  const registries = [0, 1].map(() => new KvModelRegistry(kv, { clock, freshId: () => `${++ids}` }));
  const made = await Promise.all(registries.map((registry) => ensurePartsModel(registry, 42)));
  assertEquals(made.map((version) => version?.version), [1, 1]);
  assertEquals((await registries[0].versions("parts")).length, 1);
  assertEquals(await ensurePartsModel(registries[1], 5), undefined);
  const origin = partsOrigin(42), { lineage } = newLogistic(trainParts(42), origin);
  assertEquals(made[0]?.lineage, lineage);
  assertEquals(origin.data, "parts, seed 42");
});
