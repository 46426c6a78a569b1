/**
 * `deno task superset-check`: the files of `docs/dashboards/superset` imported into a real Superset, over a real PostgreSQL
 * that our sink has filled; every chart asked for its data, and drawn in a real browser.
 *
 * @module
 */
import { z } from "zod";
import { type Command, readSettings } from "../../commands/settings/settings.ts";
import { join } from "../../std/path.ts";
import { ROOT } from "../project/tree.ts";
import { postgresServer } from "../servers/postgres.ts";
import { runTool } from "../servers/server.ts";
import { drawn } from "./drawn.ts";
import { fill } from "./fill.ts";
import { supersetQueries } from "./queries.ts";
import { program } from "../../tools/program.ts";

/** A Superset that starts: the newest releases of what it takes do not fit it. */
const PACKAGES = ["apache-superset==6.1.0", "flask-caching<2.3", "rich", "cachetools", "psycopg2-binary"];

/** The folder of a virtual environment with Superset, fetched at the first time. */
async function superset(): Promise<string> {
  const cache = join(Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/tmp", ".cache"), "sensorium");
  const folder = join(cache, "superset-6.1.0"), whole = join(folder, "whole");
  if (await Deno.stat(whole).then(() => true, () => false)) return folder;
  await runTool("python3", ["-m", "venv", folder]);
  await runTool(join(folder, "bin", "pip"), ["install", "--quiet", ...PACKAGES]);
  await Deno.writeTextFile(whole, "");
  return folder;
}

const command: Command<Record<string, never>> = {
  name: "superset-check",
  summary:
    "Imports the dashboard into a real Superset over a real PostgreSQL, asks every chart for its data and draws it.",
  positional: { what: "[DIR]", least: 0, most: 1 },
  settings: {},
  examples: [
    { line: "deno task superset-check", does: "some minutes; fetches Superset at the first time" },
    { line: "deno task superset-check pictures", does: "leaves what was drawn in pictures/" },
  ],
};

/** Looks at every chart; 0 if each has its data and is drawn. */
async function run(args: readonly string[]): Promise<number> {
  const { positional: [pictures] } = await readSettings(command, args);
  const names = supersetQueries().map(({ of }) => of);
  const server = await postgresServer(), address = server.address({ database: await server.database() });
  await fill(address, 24);
  const bin = join(await superset(), "bin"), home = await Deno.makeTempDir({ prefix: "sensorium-superset-" });
  try {
    await runTool("cp", ["-r", join(ROOT, "docs", "dashboards", "superset"), home]);
    const file = join(home, "superset", "databases", "Sensorium.yaml"), { user, host, port, database } = address;
    const uri = `sqlalchemy_uri: "postgresql+psycopg2://${user}@${host}:${port}/${database}"`;
    await Deno.writeTextFile(file, (await Deno.readTextFile(file)).replace(/sqlalchemy_uri: .*/, uri));
    Deno.env.set("SUPERSET_HOME", home);
    Deno.env.set("SUPERSET_SECRET_KEY", crypto.randomUUID() + crypto.randomUUID());
    Deno.env.set("FLASK_APP", "superset");
    const archive = join(home, "superset.zip"), tool = (...args: string[]) => runTool(join(bin, "superset"), args);
    await runTool(join(bin, "python"), ["-m", "zipfile", "-c", archive, join(home, "superset")]);
    await tool("db", "upgrade");
    const person = ["--username", "admin", "--firstname", "A", "--lastname", "B", "--email", "a@b.example"];
    await tool("fab", "create-admin", ...person, "--password", "admin");
    await tool("init");
    await tool("import-dashboards", "--path", archive, "--username", "admin");
    const said = await runTool(join(bin, "python"), [join(ROOT, "tests", "dashboards", "superset_check.py")]);
    const rows = z.record(z.string(), z.number()).parse(JSON.parse(/^ROWS (.*)$/m.exec(said)?.[1] ?? "{}"));
    const wrong = await drawn(join(bin, "superset"), pictures);
    for (const name of names) console.log(`${name}: ${rows[name] ?? 0} rows, ${wrong.get(name) ?? "not drawn"}`);
    const isWhole = names.every((name) => (rows[name] ?? 0) > 0 && wrong.get(name) === "drawn");
    console.log(
      isWhole ? "every chart has its data, and is drawn" : "DIFFERENT: each chart must have rows, and be drawn",
    );
    return isWhole ? 0 : 1;
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

await program(run);
