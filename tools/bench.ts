/**
 * `deno task bench [NAME...]`: runs the programs of `bench/`, one after the other and each in a process of its own, so
 * that none measures what another has left behind.
 *
 * @module
 */

/** Every program of `bench/` by its name, in order. */
export function programs(folder: string): string[] {
  const names: string[] = [];
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (isFile && name.endsWith(".ts") && !name.startsWith("_")) names.push(name.slice(0, -".ts".length));
  }
  return names.sort();
}

/** Runs one program with what else was on the command line; resolves to its exit code. */
async function run(name: string, flags: readonly string[]): Promise<number> {
  console.log(`\n== ${name}`);
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--config",
      "tests/deno.json",
      "--lock",
      "tests/deno.lock",
      "--frozen",
      `bench/${name}.ts`,
      ...flags,
    ],
  });
  return (await command.spawn().status).code;
}

if (import.meta.main) {
  const all = programs("bench");
  const flags = Deno.args.filter((argument) => argument.startsWith("-"));
  const asked = Deno.args.filter((argument) => !argument.startsWith("-"));
  const unknown = asked.find((name) => !all.includes(name));
  if (unknown !== undefined || flags.includes("--help")) {
    const line = `deno task bench [NAME...] [flags of the program]: there are ${all.join(", ")}`;
    if (unknown === undefined) console.log(line);
    else console.error(`unknown benchmark ${unknown}: ${line}`);
    Deno.exit(unknown === undefined ? 0 : 2);
  }
  let failed = 0;
  for (const name of asked.length > 0 ? asked : all) if (await run(name, flags) !== 0) failed++;
  if (failed > 0) console.error(`${failed} benchmarks failed`);
  Deno.exit(failed > 0 ? 1 : 0);
}
