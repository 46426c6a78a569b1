import type { Label } from "../../../actors/labels.ts";
import { ModelServer } from "../../../actors/model_server.ts";
import { CommandError, UsageError } from "../../../commands/process/errors.ts";
import { announceInstance, makeToken, takeDataDir } from "../../../commands/instance/instance.ts";
import { train } from "../../../commands/train.ts";
import { ensurePartsModel } from "../../../commands/train/model.ts";
import { Random } from "../../../models/random.ts";
import { makeApp } from "../../../routes/app.ts";
import { serve } from "../../../routes/serve.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../../std/assert.ts";
import { join } from "../../../std/path.ts";
import { KvLabelStore } from "../../../store/labels.ts";
import { KvModelRegistry } from "../../../store/registry.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { FakeClock, fakeDeps } from "../../routes/fakes.ts";
import { inFolder, said } from "../output.ts";

/** Labels of ovens that are anomalous when hot, and a few of parts. */
async function giveLabels(store: KvLabelStore): Promise<void> {
  const random = new Random(3);
  const give = (more: Pick<Label, "group" | "label" | "time"> & Partial<Label>) =>
    store.put({ sensor: "s", created: 1, ...more });
  for (let time = 0; time < 120; time++) {
    const label = time % 3 === 0 ? 1 : 0;
    await give({ group: "oven", time, label, values: { heat: random.normal() + 5 * label, load: random.normal() } });
  }
  await give({
    group: "turbine_part",
    time: 500,
    label: 1,
    values: { temperature: 30, humidity: 70, sound_volume: 65 },
  });
  await give({ group: "few", time: 501, label: 1, values: { a: 1 } });
}

Deno.test("train --labels trains each group that has enough, and says what is missing of the others", () =>
  inFolder(async (dataDir) => {
    await assertRejects(() => train(["--labels", "--data-dir", dataDir]), CommandError, "there are no labels yet");
    const kv = await Deno.openKv(join(dataDir, "sensorium.kv"));
    await giveLabels(new KvLabelStore(kv, { clock: new FakeClock() }));
    kv.close();
    const seen = await said(train, ["--labels", "oven", "--no-register", "--data-dir", dataDir]);
    assertStringIncludes(seen, "oven: 120 labels of oven\nfeatures: heat, load");
    assertEquals(seen.includes("registered"), false);
    const all = await said(train, ["--labels", "--data-dir", dataDir]);
    assertStringIncludes(
      all,
      "few: cannot train: it takes at least 20 labels of either kind, there are 0 of 0 and 1 of 1",
    );
    assertStringIncludes(all, "registered: oven version 1");
    assertStringIncludes(all, "parts: 1 labels of turbine_part beside parts, seed 42");
    assertStringIncludes(all, "registered: parts version 1");
    assertStringIncludes(all, "registered: turbine_part version 1"); // by which live readings are scored
    assertStringIncludes(
      await said(train, ["--labels", "oven", "--data-dir", dataDir]),
      "registered: oven version 2",
    );
    const again = await Deno.openKv(join(dataDir, "sensorium.kv"));
    const registry = new KvModelRegistry(again, { clock: new FakeClock(), freshId: () => "x" });
    const [{ lineage }, first] = await registry.versions("oven");
    again.close();
    assertEquals([lineage.parent, first.lineage.parent, lineage.rows], [1, undefined, 96]);
    assertStringIncludes(JSON.stringify(lineage.configuration), '"zeros":80,"ones":40');
    const usage = ["--labels", "--label", "x", "--data-dir", dataDir];
    await assertRejects(() => train(usage), UsageError, "are for a FILE, not for --labels");
    await assertRejects(
      () => train(["--labels", "x", "--data-dir", dataDir]),
      CommandError,
      "no label is of the group x",
    );
    await assertRejects(() => train(["--labels", "few", "--data-dir", dataDir]), CommandError, "few: cannot train");
  }));

Deno.test("train --labels works through a running instance, which answers with the version at once", () =>
  inFolder(async (dataDir) => {
    const lock = await takeDataDir(dataDir), token = makeToken(), clock = new FakeClock(), kv = new MemoryKv();
    let ids = 0;
    const registry = new KvModelRegistry(kv, { clock, freshId: () => `${++ids}` });
    await ensurePartsModel(registry, 42);
    const labels = new KvLabelStore(kv, { clock }), models = new ModelServer({ registry, clock });
    await giveLabels(labels);
    const server = serve(makeApp(fakeDeps({ models, token, labels })), { hostname: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${server.addr.port}`;
    const leave = await announceInstance(dataDir, { pid: Deno.pid, url, token, started: "2026-01-31T12:00:00.000Z" });
    try {
      assertStringIncludes(await said(train, ["--labels", "oven", "--data-dir", dataDir]), "oven version 1");
      const body = JSON.stringify({ heat: 9, load: 0 });
      const answer = await (await fetch(`${url}/predict?model=oven`, { method: "POST", body })).json();
      assertEquals([answer.prediction, answer.model_version], [1, 1]);
      assert(answer.score > 0.9);
    } finally {
      await leave();
      await server.shutdown();
      lock.release();
    }
  }));
