import process from "node:process";
import { z } from "zod";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { deno, ROOT, textOf } from "./tree.ts";

const lockSchema = z.object({
  npm: z.record(
    z.string(),
    z.looseObject({
      dependencies: z.array(z.string()).optional(),
      optionalDependencies: z.array(z.string()).optional(),
      os: z.array(z.string()).optional(),
      cpu: z.array(z.string()).optional(),
    }),
  ),
});
const importsSchema = z.object({ imports: z.record(z.string(), z.string()) });

/** Names of the packages of a lock, those for other systems left out. */
function locked(path: string): string[] {
  const { npm } = lockSchema.parse(JSON.parse(textOf(path)));
  const here = Object.entries(npm).filter(([, { os, cpu }]) =>
    (os?.includes(process.platform) ?? true) && (cpu?.includes(process.arch) ?? true)
  );
  return [...new Set(here.map(([specifier]) => packageName(specifier)))].sort();
}

/** The package of `@scope/name@1.2.3_peer@4`, of `npm:@scope/name@1.2.3/file`. */
function packageName(specifier: string): string {
  return /^(?:npm:\/?)?((?:@[^/@]+\/)?[^/@]+)/.exec(specifier)?.[1] ?? specifier;
}

/** Names of the packages that a cache directory holds. */
function fetched(denoDir: string): string[] {
  const names: string[] = [];
  for (const registry of Deno.readDirSync(`${denoDir}/npm`)) {
    const folder = `${denoDir}/npm/${registry.name}`;
    for (const { name } of Deno.readDirSync(folder)) {
      if (name.startsWith("@")) {
        for (const scoped of Deno.readDirSync(`${folder}/${name}`)) names.push(`${name}/${scoped.name}`);
      } else if (!name.startsWith(".")) names.push(name);
    }
  }
  return names.sort();
}

Deno.test("a user's first start fetches the packages of the root's lock and no other", async () => {
  const denoDir = await Deno.makeTempDir({ prefix: "sensorium-cache-" });
  try {
    const { code, error } = await deno(["cache", "--frozen", "main.ts"], { env: { DENO_DIR: denoDir } });
    assertEquals([code, code === 0 ? "" : error], [0, ""]);
    const packages = fetched(denoDir);
    assertEquals(packages, locked("deno.lock"));
    assert(packages.length <= 60, `${packages.length} packages at a user's first start: ${packages.join(", ")}`);
    for (const own of testOnly()) assertEquals([own, packages.includes(own)], [own, false]);
  } finally {
    await Deno.remove(denoDir, { recursive: true });
  }
});

/** Packages that tests/deno.json names, and neither deno.json nor one of its packages. */
function testOnly(): string[] {
  const names = (path: string) => Object.values(importsSchema.parse(JSON.parse(textOf(path))).imports).map(packageName);
  const { npm } = lockSchema.parse(JSON.parse(textOf("deno.lock")));
  const below = Object.values(npm).flatMap(({ dependencies = [] }) => dependencies.map(packageName));
  const roots = new Set([...names("deno.json"), ...below]);
  return names("tests/deno.json").filter((name) => !roots.has(name));
}

/**
 * The builds of a lock. A dependency is named without its version where the lock holds only one of it, so that the two
 * locks may spell the same build differently: the version is filled in.
 */
function builds(path: string): Record<string, unknown> {
  const { npm } = lockSchema.parse(JSON.parse(textOf(path))), all = Object.keys(npm);
  const whole = (name: string) => all.includes(name) ? name : all.find((one) => packageName(one) === name) ?? name;
  return Object.fromEntries(
    Object.entries(npm).map(([name, { dependencies = [], optionalDependencies = [], ...build }]) => [
      name,
      { ...build, dependencies: dependencies.map(whole), optionalDependencies: optionalDependencies.map(whole) },
    ]),
  );
}

Deno.test("tests/deno.lock holds the same build of everything that the root's lock has", () => {
  const root = builds("deno.lock"), tests = builds("tests/deno.lock");
  for (const name of Object.keys(root)) assertEquals([name, tests[name]], [name, root[name]]);
  assert(testOnly().length > 0);
});

Deno.test("tasks use the Deno that runs them, so that a machine with Node alone can", async () => {
  const { code, out, error } = await deno(["task", "-q", "stop", "--help"], {
    cwd: ROOT,
    env: { PATH: "/usr/bin/there-is-no-deno-here" },
  });
  assertEquals([code, code === 0 ? "" : error], [0, ""]);
  assertStringIncludes(out, "deno task stop");
});
