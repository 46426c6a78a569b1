import { assertEquals, assertStringIncludes } from "../../std/assert.ts";
import plugin from "../../tools/lint.ts";
import { layerOf, refusedImport } from "../../tools/layers.ts";
import { deno, filesOf, textOf } from "./tree.ts";

/** What the rules say of a file. */
function found(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map(({ id, message }) => `${id}: ${message}`);
}

Deno.test("the repository's imports point one way", () => {
  const refused: string[] = [];
  for (const path of filesOf(/\.(ts|js)$/)) {
    for (const message of found(path, textOf(path))) refused.push(`${path}: ${message}`);
  }
  assertEquals(refused, []);
});

Deno.test("the repository passes deno lint", async () => {
  const { code, error } = await deno(["lint"]);
  assertEquals([code, code === 0 ? "" : error], [0, ""]);
});

Deno.test("refusedImport() lets every folder import what stands before it in the line, and nothing behind it", () => {
  const allowed: Record<string, string[]> = {
    std: [],
    models: [],
    actors: ["models"],
    store: ["actors", "models", "std"],
    sources: ["actors", "models", "std"],
    sinks: ["actors", "models", "std"],
    data: ["actors", "models", "std"],
    routes: ["actors", "std"],
    static: [],
  };
  const folders = [...Object.keys(allowed), "commands", "tests", "bench", "tools"];
  for (const from of Object.keys(allowed)) {
    const mine = folders.filter((to) => refusedImport(`${from}/deep/a.ts`, `../../${to}/b.ts`, false) === undefined);
    assertEquals(new Set(mine), new Set([from, ...allowed[from]]), from);
    assertEquals(typeof refusedImport(`${from}/a.ts`, "../main.ts", true), "string");
  }
  for (const to of folders) assertEquals(refusedImport("commands/a.ts", `../${to}/b.ts`, false), undefined);
  assertEquals(refusedImport("main.ts", "./commands/a.ts", false), undefined);
});

Deno.test("refusedImport() lets the folders behind the ports know each other's types alone", () => {
  assertEquals(refusedImport("routes/a.ts", "../store/b.ts", true), undefined);
  assertEquals(refusedImport("sources/a.ts", "../data/b.ts", true), undefined);
  assertEquals(
    refusedImport("routes/a.ts", "../store/b.ts", false),
    "routes/ may import types of store/ only: write import type",
  );
  assertEquals(typeof refusedImport("store/a.ts", "../routes/b.ts", true), "string");
});

Deno.test("refusedImport() keeps the standard library behind its faces, and other registries out", () => {
  for (const specifier of ["@std/csv", "npm:deno-std@1.4.0/csv/mod.js"]) {
    assertEquals(
      refusedImport("sources/a.ts", specifier, false),
      `${specifier} has no types: import its typed face in std/ instead`,
    );
    assertEquals(refusedImport("std/csv.ts", specifier, false), undefined);
  }
  assertEquals(typeof refusedImport("main.ts", "jsr:@std/csv", false), "string");
  assertEquals(typeof refusedImport("main.ts", "https://deno.land/std/csv.ts", false), "string");
  assertEquals(refusedImport("models/a.ts", "zod", false), undefined);
  assertEquals(typeof refusedImport("static/a.js", "zod", false), "string");
});

Deno.test("sensorium/imports sees every way to import", () => {
  const ways = [
    `import x from "@std/csv";`,
    `import "@std/csv";`,
    `import * as x from "@std/csv";`,
    `export { x } from "@std/csv";`,
    `export * from "@std/csv";`,
    `await import("@std/csv");`,
  ];
  for (const way of ways) {
    assertEquals(found("sinks/a.ts", way), [
      "sensorium/imports: @std/csv has no types: import its typed face in std/ instead",
    ]);
  }
});

Deno.test("sensorium/imports tells types, data and code apart", () => {
  assertEquals(found("routes/a.ts", `import type { A } from "../store/a.ts";`), []);
  assertEquals(found("routes/a.ts", `import { type A, type B } from "../store/a.ts";`), []);
  assertEquals(found("routes/a.ts", `import page from "../static/a.html" with { type: "text" };`), []);
  assertEquals(found("routes/a.ts", `import { type A, b } from "../store/a.ts";`).length, 1);
  assertEquals(found("routes/a.ts", `import "../store/a.ts";`).length, 1);
  assertEquals(found("routes/a.ts", `import "../static/a.js";`).length, 1);
});

Deno.test("sensorium/pure refuses clock, chance and system in the pure folders alone", () => {
  const impure = [
    "Date.now();",
    "const now = Date.now;",
    "new Date();",
    "Math.random();",
    `Math["random"]();`,
    "performance.now();",
    "crypto.randomUUID();",
    "Deno.env.get('A');",
    "Deno.readFile('a');",
    "setTimeout(f, 1);",
  ];
  for (const source of impure) {
    assertEquals([source, found("models/a.ts", source).length], [source, 1]);
    assertEquals([source, found("actors/runtime/a.ts", source).length], [source, 1]);
    assertEquals([source, found("sources/a.ts", source)], [source, []]);
  }
  for (
    const source of ["new Date(0);", "Math.max(1, 2);", "clock.now();", "self.postMessage(1);", "Date.parse('x');"]
  ) {
    assertEquals([source, found("actors/runtime/worker.ts", source)], [source, []]);
  }
  assertStringIncludes(found("models/a.ts", "Math.random();")[0], "Math.random in models/ or actors/");
});

Deno.test("layerOf() is the first folder", () => {
  assertEquals(["a/b/c.ts", "main.ts"].map(layerOf), ["a", ""]);
});
