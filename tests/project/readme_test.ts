import { z } from "zod";
import { COMMAND_NAMES, COMMANDS } from "../../commands/process/names.ts";
import { COMMON, judgingOf, readSettings } from "../../commands/settings/settings.ts";
import { parseReading } from "../../actors/reading.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { filesOf, textOf } from "./tree.ts";

const README = textOf("README.md");

/** The blocks of a language. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))].map(([, text]) => text);
}

Deno.test("README.md's config file is a valid one", async () => {
  const [file] = blocks("json");
  const command = { name: "replay", summary: "", settings: { port: COMMON.port, speed: COMMON.kv }, examples: [] };
  const world = { variable: () => undefined, readText: () => Promise.resolve(file) };
  const { values, judging } = await readSettings(command, ["--config", "c"], world);
  assertEquals([values.port, values.speed], [9000, "max"]);
  assertEquals(judgingOf(judging).types.pump.channels.temperature.high, 80);
});

Deno.test("README.md's reading is a valid one", () => {
  const [body] = [...README.matchAll(/-d '(\{.*\})'/g)].map(([, text]) => text);
  assertEquals("errors" in parseReading(JSON.parse(body)), false);
});

Deno.test("README.md lists every command as the program does", () => {
  const rows = [...README.matchAll(/^\| `(\w+)` +\| (.+?) +\|$/gm)].map(([, name]) => name);
  assertEquals(new Set(rows), new Set(COMMAND_NAMES));
});

Deno.test("README.md's task lines and the examples of the help name tasks that there are", () => {
  const { tasks } = z.object({ tasks: z.record(z.string(), z.unknown()) }).parse(JSON.parse(textOf("deno.json")));
  const lines = [
    ...README.matchAll(/deno task ([a-z]+)/g),
    ...Object.values(COMMANDS).map(({ example }) => /deno task (\w+)/.exec(example) ?? []),
  ];
  for (const [, name] of lines) assert(Object.hasOwn(tasks, name), `there is no task ${name}`);
});

Deno.test("the documentation's links lead to files that there are", () => {
  const files = new Set(filesOf(/./));
  for (const page of files) {
    if (!page.endsWith(".md")) continue;
    for (const [, target] of textOf(page).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      const path = new URL(target, `file:///${page}`).pathname.slice(1);
      assert(files.has(path), `${page} links to ${target}, which there is not`);
    }
  }
});
