/**
 * The package as others use it: the examples of its page in Deno and in Node, and what a registry would say.
 *
 * @module
 */
import { assert, assertEquals } from "../../std/assert.ts";
import { join } from "../../std/path.ts";
import { deno, ROOT, textOf } from "./tree.ts";

const EXAMPLES = [...textOf("docs/how-to/library.md").matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code);
/** What the examples find: one alarm each, at reading 1,900; and the one window that is over. */
const FOUND = [
  /^1767339600000 pressure 7, expected 4\..*\n1999 windows, ok\n$/,
  /^1900 7 \{\s+expected: 4\./,
  /^0 2 4\.1\n$/,
];

Deno.test("the library's examples run in Deno, in a folder that links to the package", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sensorium-library-" });
  const links = /```json\n(.*?)```/s.exec(textOf("docs/how-to/library.md"))?.[1].replace("../sensorium", ROOT);
  try {
    await Deno.writeTextFile(join(folder, "deno.json"), links ?? "");
    for (const [i, code] of EXAMPLES.entries()) {
      const path = join(folder, `${i}.ts`);
      await Deno.writeTextFile(path, code);
      const { code: exit, out, error } = await deno(["run", "--no-lock", path], { cwd: folder });
      assertEquals([exit, exit === 0 ? "" : error], [0, ""]);
      assert(FOUND[i].test(out), out);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the library's examples say the same in Node, from the packed package", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sensorium-library-" }), archive = join(folder, "sensorium.tgz");
  try {
    const packed = await deno(["pack", "--allow-dirty", "--output", archive]);
    assertEquals([packed.code, packed.code === 0 ? "" : packed.error], [0, ""]);
    await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    assertEquals(await run(folder, "npm", "install", "--silent", "--prefer-offline", archive), "");
    for (const [i, code] of EXAMPLES.entries()) {
      await Deno.writeTextFile(join(folder, `${i}.js`), code.replace(": number", "")); // the only types in them
      const out = await run(folder, "node", `${i}.js`);
      assert(FOUND[i].test(out), out);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("deno publish and deno doc find nothing to say against the exports", async () => {
  const { exports } = JSON.parse(textOf("deno.json")) as { exports: Record<string, string> };
  const publish = ["publish", "--dry-run", "--allow-dirty", "--no-provenance"];
  for (const args of [publish, ["doc", "--lint", ...Object.values(exports)]]) {
    const { code, error } = await deno(args);
    assertEquals([code, code === 0 ? "" : error], [0, ""]);
    assertEquals(error.match(/warning.*/gi), null);
  }
});

/** What a program printed; fails with what it said if it did. */
async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  const text = new TextDecoder();
  assert(success, `${program} ${args.join(" ")}: ${text.decode(stderr)}${text.decode(stdout)}`);
  return text.decode(stdout);
}
