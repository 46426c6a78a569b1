import { z } from "zod";
import { assertEquals, assertMatch } from "../../std/assert.ts";
import { COMMAND_NAMES } from "../../commands/process/names.ts";
import { filesOf, textOf } from "./tree.ts";

const configSchema = z.object({
  imports: z.record(z.string(), z.string()),
  compilerOptions: z.record(z.string(), z.unknown()),
  unstable: z.array(z.string()),
  nodeModulesDir: z.string(),
  fmt: z.unknown(),
  tasks: z.record(z.string(), z.object({ description: z.string(), command: z.string() })).default({}),
});

const root = configSchema.parse(JSON.parse(textOf("deno.json")));
const tests = configSchema.parse(JSON.parse(textOf("tests/deno.json")));

Deno.test("tests/deno.json has all imports of deno.json at the same versions", () => {
  const shared = Object.fromEntries(Object.keys(root.imports).map((name) => [name, tests.imports[name]]));
  assertEquals(shared, root.imports);
});

Deno.test("tests/deno.json compiles and formats as deno.json does", () => {
  const part = ({ compilerOptions, unstable, nodeModulesDir, fmt }: typeof root) => [
    compilerOptions,
    unstable,
    nodeModulesDir,
    fmt,
  ];
  assertEquals(part(tests), part(root));
});

Deno.test("deno.json takes everything from npm, at one exact version", () => {
  for (const specifier of Object.values(tests.imports)) {
    assertMatch(specifier, /^npm:\/?(@[\w-]+\/)?[\w.-]+@\d+\.\d+\.\d+(-[\w.]+)?(\/|$)/);
  }
});

Deno.test("deno.json names no package that only tests use", () => {
  const texts = filesOf(/\.ts$/).filter((path) => !/^(tests|tools)\//.test(path)).map(textOf).join("\n");
  const unused = Object.keys(root.imports).filter((name) =>
    name.endsWith("/") ? !texts.includes(`"${name}`) : !texts.includes(`"${name}"`)
  );
  assertEquals(unused, []);
});

Deno.test("deno.json has a task for each command, and each task's file is there", () => {
  const commands = Object.values(root.tasks).flatMap(({ command }) => /main\.ts (\w+)$/.exec(command)?.[1] ?? []);
  assertEquals(new Set(commands), new Set(COMMAND_NAMES));
  const files = new Set(filesOf(/\.ts$/));
  for (const { command } of Object.values(root.tasks)) {
    for (const [path] of command.matchAll(/[\w/]+\.ts/g)) assertEquals([path, files.has(path)], [path, true]);
  }
});

Deno.test("deno.json's tasks for users grant no more than they need", () => {
  for (const [name, { command }] of Object.entries(root.tasks)) {
    if (!command.includes("deno run") || !/ main\.ts \w+$/.test(command)) continue;
    const flags = command.split(" ").filter((word) => word.startsWith("-"));
    assertEquals([name, flags.filter((flag) => /^(-A|--allow-(all|run|ffi|sys|import|write|env))$/.test(flag))], [
      name,
      [],
    ]);
    assertEquals([name, flags.includes("--frozen"), flags.includes("--no-prompt")], [name, true, true]);
  }
});
