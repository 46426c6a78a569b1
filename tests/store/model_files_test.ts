import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { join } from "../../std/path.ts";
import { folderName, writeModelFiles } from "../../store/model_files.ts";
import { modelDeps, newParts, partsModel } from "../routes/models_fakes.ts";

/** Paths below a folder, in order. */
function below(folder: string, path = ""): string[] {
  return [...Deno.readDirSync(join(folder, path))].flatMap(({ name, isDirectory }) =>
    isDirectory ? below(folder, join(path, name)) : [join(path, name)]
  ).sort();
}

Deno.test("writeModelFiles() writes every version, local and global apart, with what is known of it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { models: { registry } } = await modelDeps();
    await registry.register("parts", newParts(3));
    await registry.pin("parts", 1);
    const first = await writeModelFiles(registry, join(folder, "models"));
    assertEquals([first.models, first.versions], [2, 3]);
    assertEquals(await writeModelFiles(registry, join(folder, "models")), first); // over what is there
    assertEquals(below(join(folder, "models")), [
      "global/parts/1.json",
      "global/parts/1.meta.json",
      "global/parts/2.json",
      "global/parts/2.meta.json",
      "global/parts/model.json",
      "local/room%20a%2Fb/1.forest",
      "local/room%20a%2Fb/1.meta.json",
      "local/room%20a%2Fb/model.json",
    ]);
    const read = (path: string) => Deno.readTextFileSync(join(folder, "models", path));
    assertEquals(read("global/parts/2.json"), new TextDecoder().decode(partsModel(3).toBytes()));
    assertEquals(JSON.parse(read("global/parts/model.json")), { name: "parts", active: 1, latest: 2, pinned: true });
    const meta = JSON.parse(read("global/parts/2.meta.json"));
    assertEquals([meta.version, meta.lineage.data, meta.created], [2, "made by hand", "2026-01-31T12:00:00.000Z"]);
    const damaged = {
      list: () => registry.list(),
      versions: (name: string) => registry.versions(name),
      bytes: () => Promise.resolve(Uint8Array.of(1)),
    };
    await assertRejects(() => writeModelFiles(damaged, folder), Error, "is not what was registered");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("writeModelFiles() makes both folders also where there is no model", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const none = {
      list: () => Promise.resolve([]),
      versions: () => Promise.resolve([]),
      bytes: () => Promise.reject(),
    };
    assertEquals(await writeModelFiles(none, folder), { models: 0, versions: 0, bytes: 0 });
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["global", "local"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("folderName() is one name of a file for any model, another for another", () => {
  const names = ["parts", "a/b", "..", ".", "a\\b", "a b", "ü", "%2F", "a:b", "*", "~"];
  const folders = names.map(folderName);
  assertEquals(folderName("parts"), "parts");
  assertEquals(new Set(folders).size, names.length);
  for (const folder of folders) assert(/^[\w%-]+$/.test(folder), folder);
});
