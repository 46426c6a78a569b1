import { assert, assertEquals, assertGreater, assertMatch, assertStringIncludes } from "../../std/assert.ts";
import { recording } from "../crash/recording.ts";
import { positionOf, storedOutputs } from "../crash/stored.ts";
import { type End, Folder, PATIENCE_MS, Program, run, until, within } from "../process.ts";

/** Readings of each of 30 sensors. */
const ROUNDS = 300;

/** A folder with a recording in it. */
async function recorded(rounds = ROUNDS): Promise<{ folder: Folder; file: string; dataDir: string }> {
  const folder = new Folder(), file = folder.at("plant.ndjson");
  await Deno.writeTextFile(file, [...recording({ rounds })].join("\n") + "\n");
  return { folder, file, dataDir: folder.at("data") };
}

/** What a replay says of its result, without the time that it took. */
function resultOf({ code, out, error }: End): string {
  assertEquals([code, error], [0, ""], out);
  return out.replace(/ after [\d.]+ s/, "");
}

Deno.test("replay() goes on where it was stopped and where it was killed, and prints a finished one's result again", async () => {
  const { folder, file, dataDir } = await recorded();
  await using _ = folder;
  const undisturbed = resultOf(await run(["replay", file, "--data-dir", folder.at("whole"), "--digest"]));
  assertMatch(undisturbed, /^finished, last reading 2026-.*\ndigest sha256:[0-9a-f]{64}$/m);
  const args = ["replay", file, "--data-dir", dataDir, "--digest", "--checkpoint", "20", "--snapshot", "20"];
  let position = 0;
  for (const signal of ["SIGINT", "SIGKILL", "SIGTERM"] as const) {
    await using program = new Program([...args, "--speed", "60"]); // ten minutes in ten seconds
    await until("it reads on", async () => await positionOf(dataDir, "replay") > position);
    program.signal(signal);
    const end = await program.ended;
    position = await positionOf(dataDir, "replay");
    if (signal === "SIGKILL") continue;
    assertMatch(
      resultOf(end),
      /^stopped, last reading .*\nstopped; the same command goes on from here\ndigest sha256:/m,
    );
  }
  assertEquals(resultOf(await run(args)), undisturbed, "at full speed to the end");
  assertEquals(resultOf(await run(args)), undisturbed, "again");
  assertEquals(await storedOutputs(dataDir), await storedOutputs(folder.at("whole")));
});

Deno.test("replay() begins anew with --fresh, and not under a replay that runs", async () => {
  const { folder, file, dataDir } = await recorded();
  await using _ = folder;
  const args = ["replay", file, "--data-dir", dataDir, "--digest"];
  const first = resultOf(await run(args));
  assertEquals(resultOf(await run([...args, "--fresh"])), first);
  await Deno.writeTextFile(file, [...recording({ rounds: 10, seed: 2 })].join("\n") + "\n");
  const changed = await run(args);
  assertEquals([changed.code, changed.error.trimEnd().split("\n").length], [1, 1], changed.error);
  assertStringIncludes(changed.error, `${file} is not the file that it was begun with`);
  assertStringIncludes(changed.error, "--fresh");
  const second = resultOf(await run([...args, "--fresh"]));
  assert(second !== first);
  {
    const other = ["replay", file, "--data-dir", folder.at("other")];
    await using running = new Program([...other, "--speed", "recorded", "--checkpoint", "10"]);
    await until("the first checkpoint", async () => await positionOf(folder.at("other"), "replay") > 0);
    const refused = await run([...other, "--fresh"]);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.error, "is in use");
    running.signal("SIGINT");
    assertStringIncludes(resultOf(await running.ended), "stopped, last reading");
  }
  const kv = await run([...args, "--fresh", "--kv", folder.at("other.kv")]);
  assertEquals(kv.code, 2);
});

Deno.test("replay() begins again for ever with --loop, until SIGINT, and goes on in the same loop", async () => {
  const { folder, file, dataDir } = await recorded(30);
  await using _ = folder;
  const { size } = await Deno.stat(file);
  const args = ["replay", file, "--data-dir", dataDir, "--loop", "--digest", "--checkpoint", "10"];
  let position = 0;
  for (let life = 0; life < 2; life++) {
    await using program = new Program(args);
    await until("three more loops", async () => await positionOf(dataDir, "replay") > position + 3 * size);
    program.signal("SIGINT");
    const result = resultOf(await program.ended);
    assertMatch(result, /^stopped, last reading/m);
    assertMatch(result, /^duplicates +\d+/m);
    const before = position;
    position = await positionOf(dataDir, "replay");
    assertGreater(position, before + 3 * size);
  }
});

Deno.test("replay() ends with 130 or 143 at once at a second signal", async () => {
  const { folder, file, dataDir } = await recorded();
  await using _ = folder;
  for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    await using program = new Program(["replay", file, "--data-dir", dataDir, "--fresh", "--speed", "recorded"]);
    await until("it runs", async () => await Deno.stat(`${dataDir}/sensorium.kv-wal`).then(() => true, () => false));
    // Between the two the last checkpoint is made, so the second may come too late: then it ended in order.
    program.signal(name);
    program.signal(name);
    const end = await program.ended;
    assert(end.code === code || (end.code === 0 && end.out.includes("stopped")), `${end.code}: ${end.out}${end.error}`);
  }
});

Deno.test("replay() ends with one sentence for what cannot be replayed", async () => {
  await using folder = new Folder();
  const text = folder.at("text.csv");
  await Deno.writeTextFile(text, "a,b\n1,2\n");
  const cases: [readonly string[], number][] = [
    [[folder.at("none.csv")], 1],
    [[text], 1],
    [[text, "--speed", "fast"], 2],
    [[], 2],
  ];
  for (const [args, code] of cases) {
    const end = await run(["replay", ...args, "--data-dir", folder.at("data")]);
    assertEquals([args, end.code, end.error.trimEnd().split("\n").length], [args, code, 1], end.error);
    assertEquals(end.error.includes("unexpected"), false, end.error);
  }
});

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL"); // its terminal goes with it, and ends what runs there
  } catch {
    // It has ended.
  }
}

const hasScript = await new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success, () => false);

Deno.test("replay() shows its progress with readings a second on a terminal, and nothing elsewhere", async () => {
  const { folder, file } = await recorded();
  await using _ = folder;
  const args = ["replay", file, "--speed", "200", "--data-dir", folder.at("data")];
  if (!hasScript) return void resultOf(await run(args)); // no terminal to be had here
  const command = [Deno.execPath(), "run", "-A", "main.ts", ...args].join(" ");
  const script = new Deno.Command("script", {
    args: ["-qec", command, "/dev/null"],
    env: { TERM: "xterm", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const { code, stdout } = await within(script.output(), PATIENCE_MS, "no end").finally(() => kill(script));
  const seen = new TextDecoder().decode(stdout);
  assertEquals(code, 0, seen);
  assertMatch(seen, /replay \[.+\] \d+% [\d,]+ readings, [\d,]+\/s/);
  assertStringIncludes(seen, "100%");
});

Deno.test("replay --evaluate counts over workers what is counted as the readings come, by model and version", async () => {
  await using folder = new Folder();
  const file = folder.at("plant.ndjson"), dataDir = folder.at("data"), config = folder.at("config.json");
  await Deno.writeTextFile(file, [...recording({ rounds: 900 })].join("\n") + "\n");
  await Deno.writeTextFile(config, JSON.stringify({ judging: { federation: { everyMs: 300_000 } } }));
  const args = ["replay", file, "--data-dir", dataDir, "--evaluate", "--config", config];
  const { code, out, error } = await run([...args, "--shards", "2"]);
  assertEquals([code, error], [0, ""], out);
  assertMatch(out, /^model and version +readings +mean loss +flagged/m);
  assertMatch(out, /^forest:replay\/.* 1 +[\d,]+ +0\.\d+/m);
  assertMatch(out, /^network:replay\/.* 1 +[\d,]+ +0\.\d+/m);
  assertStringIncludes(out, "the same as was counted as the readings came");
  const again = await run(args); // goes on from the end: there is no whole recording to count
  assertEquals([again.code, again.error.includes("--fresh begins anew")], [1, true], again.error);
});
