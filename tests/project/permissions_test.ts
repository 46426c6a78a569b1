import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { Folder, freePort, Program, until } from "../process.ts";
import { ROOT, textOf } from "./tree.ts";

const PROGRAM = "/opt/sensorium", DATA = "/var/lib/sensorium";
const COMMANDS = [...textOf("docs/permissions.md").matchAll(/^deno run .*$/gm)].map(([line]) => line);

/** A line's permissions and arguments, with folders and port that there are. */
function wordsOf(line: string, data: string, port: number): { permissions: string[]; args: string[] } {
  const root = ROOT.replace(/\/$/, "");
  const words = line.replaceAll(PROGRAM, root).replaceAll(DATA, data).replaceAll(/(?<=^|[ =,])\/data\b/g, data)
    .replaceAll("8000", String(port)).split(/ +/).map((word) => word.replace(/^["']|["'],?$/g, ""));
  const at = words.indexOf("main.ts");
  const isPermission = (word: string) => word.startsWith("--allow-") || word === "--ignore-env";
  return { permissions: words.slice(0, at).filter(isPermission), args: words.slice(at + 1) };
}

/** Whether an instance becomes ready, and its page comes; false if it ends, or says that it may not. */
async function becomesReady(permissions: readonly string[], args: readonly string[], port: number): Promise<boolean> {
  await using program = new Program(args, { permissions: ["--cached-only", ...permissions] });
  let isOver = false;
  void program.ended.then(() => isOver = true);
  return await until("ready or over", async () => {
    if (isOver || /Requires \w+ access/.test(program.said)) return { is: false };
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    await ready?.body?.cancel();
    if (ready?.status !== 200) return undefined;
    const page = await fetch(`http://127.0.0.1:${port}/static/main.js`);
    await page.body?.cancel();
    return { is: page.status === 200 };
  }).then(({ is }) => is);
}

Deno.test("docs/permissions.md's commands that start an instance have the permissions that it needs", async () => {
  const starts = COMMANDS.filter((line) => line.includes("main.ts start"));
  assertEquals(starts.length, 4);
  for (const line of starts) {
    await using folder = new Folder();
    const port = freePort(), { permissions, args } = wordsOf(line, folder.at("store"), port);
    assertEquals([line, await becomesReady(permissions, args, port)], [line, true]);
  }
});

Deno.test("docs/permissions.md's first command has no permission that it does not need", async () => {
  const port = freePort(), count = wordsOf(COMMANDS[0], DATA, port).permissions.length;
  assertEquals(count, 4);
  for (let without = 0; without < count; without++) {
    await using folder = new Folder();
    const { permissions, args } = wordsOf(COMMANDS[0], folder.at("store"), port);
    const [left] = permissions.splice(without, 1);
    assertEquals([left, await becomesReady(permissions, args, port)], [left, false]);
  }
});

Deno.test("docs/permissions.md's other commands do their work with theirs", async () => {
  await using folder = new Folder();
  const readings = folder.at("readings.ndjson");
  await Deno.writeTextFile(readings, `{"sensor":"a","time":"2026-01-31T12:00:00Z","values":{"t":1}}\n`);
  const others = COMMANDS.filter((line) => !line.includes("main.ts start")).reverse();
  assertEquals(others.map((line) => /main\.ts (\w+)/.exec(line)?.[1]), ["replay", "doctor", "keys"]);
  for (const line of others) {
    const { permissions, args } = wordsOf(line.replaceAll("readings.ndjson", readings), folder.at("store"), 1);
    await using program = new Program(args, { permissions: ["--cached-only", ...permissions] });
    const { code, out, error } = await program.ended;
    assertEquals([line, /Requires \w+ access/.test(out + error)], [line, false]);
    assertEquals([args[0], code], [args[0], args[0] === "doctor" ? 1 : 0], error); // nothing runs here: that is bad
  }
});

Deno.test("docs/deploy: the unit's and the image's command start an instance with the permissions that they name", async () => {
  const unit = /^ExecStart=\S+ (run .*)$/m.exec(textOf("docs/deploy/sensorium.service"))?.[1] ?? "";
  const cmd = /^CMD \[("deno"[^\]]*)\]/m.exec(textOf("docs/deploy/Dockerfile"))?.[1] ?? "";
  const image = [...cmd.matchAll(/"([^"]*)"/g)].map(([, word]) => word).join(" ");
  for (const line of [unit, `${image} --data-dir /data`]) {
    await using folder = new Folder();
    const port = freePort(), { permissions, args } = wordsOf(line, folder.at("store"), port);
    assert(permissions.length >= 4, line);
    assertEquals([line, await becomesReady(permissions, [...args, "--port", String(port)], port)], [line, true]);
  }
  assertStringIncludes(textOf("docs/deploy/Dockerfile"), `deno@${Deno.version.deno}`);
});
