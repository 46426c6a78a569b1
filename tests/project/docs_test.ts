import { assertEquals } from "../../std/assert.ts";
import { undocumented } from "../../tools/docs.ts";
import { deno } from "./tree.ts";

async function missingIn(source: string): Promise<string[]> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, source);
    const { out } = await deno(["doc", "--json", file]);
    return undocumented(JSON.parse(out)).map((line) => line.replace(file, "file"));
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("undocumented() finds every exported symbol without a doc comment", async () => {
  const source = `
export function open(): void {}
export const limit = 1;
export type Name = string;
export interface Port { a: number }
export class Actor { run(): void {} }
`;
  assertEquals(await missingIn(source), [
    "file:1 the module itself",
    "file:2 open",
    "file:3 limit",
    "file:4 Name",
    "file:5 Port",
    "file:6 Actor",
    "file:6 Actor.run()",
  ]);
});

Deno.test("undocumented() is content with documented ones, and with what is nobody else's", async () => {
  const source = `
/**
 * A file.
 *
 * @module
 */
/** Opens. */
export function open(): void {}
function hidden(): void {}
/** Acts. */
export class Actor {
  /** Runs. */
  run(): void { this.#own(); this.inner(); hidden(); }
  #own(): void {}
  private inner(): void {}
}
/** A shape, and its type. */
export const shape = 1;
export type shape = number;
`;
  assertEquals(await missingIn(source), []);
});

Deno.test("every exported symbol of the repository is documented", async () => {
  const { code, out, error } = await deno(["run", "--frozen", "-A", "tools/docs.ts"]);
  assertEquals([code, code === 0 ? "" : error + out], [0, ""]);
});
