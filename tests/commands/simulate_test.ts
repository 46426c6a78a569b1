/** @module */
import type { Clock } from "../../actors/ports.ts";
import { parseReading, type Reading } from "../../actors/reading.ts";
import { CommandError } from "../../commands/process/errors.ts";
import { batches } from "../../commands/simulate.ts";
import { planOf, type Wish } from "../../commands/simulate/plan.ts";
import { fileTarget, httpTarget, ReaderGone, standardOutput } from "../../commands/simulate/targets.ts";
import { scenarioByName } from "../../data/mod.ts";
import { readingWriter } from "../../data/output.ts";
import { Simulator } from "../../sources/simulator.ts";
import { parse } from "../../std/csv.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../std/assert.ts";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0, 345);
const WISH: Wish = { interval: undefined, count: 0, hours: 0, start: undefined, loop: false, toFile: false };
const READING: Reading = { sensor: "s", time: NOW, values: { value: 1 } };

/** A clock on which every wait is over at once, and recorded. */
class SkippingClock implements Clock {
  readonly waits: number[] = [];
  #now = NOW;

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (ms > 0) {
      this.waits.push(ms);
      this.#now += ms;
    }
    return Promise.resolve();
  }
}

Deno.test("planOf() paces a run to a person and stamps it from now on", () => {
  const plan = planOf(scenarioByName("facility"), WISH, NOW);
  const anchor = Date.UTC(2026, 0, 31, 12);
  assertEquals(plan, { intervalMs: 2_000, paceMs: 2_000, rounds: Infinity, count: Infinity, anchor });
  const faster = planOf(scenarioByName("facility"), { ...WISH, interval: 100, hours: 0.5 }, NOW);
  assertEquals([faster.intervalMs, faster.paceMs, faster.rounds], [100, 100, 18_000]);
});

Deno.test("planOf() lets a run as fast as possible end now", () => {
  for (const wish of [{ ...WISH, toFile: true }, { ...WISH, interval: 0 }, { ...WISH, interval: 0, hours: 2 }]) {
    const plan = planOf(scenarioByName("facility"), wish, NOW);
    assertEquals([plan.paceMs, plan.rounds], [0, (wish.hours || 24) * 1_800]);
    const end = plan.anchor + plan.rounds * plan.intervalMs;
    assert(end <= NOW && end > NOW - 2_000);
  }
  const counted = planOf(scenarioByName("facility"), { ...WISH, interval: 0, count: 60 }, NOW);
  assertEquals([counted.rounds, counted.count], [3, 60]);
  assertEquals(planOf(scenarioByName("motes"), { ...WISH, count: 60 }, NOW).rounds, Infinity, "some are lost");
});

Deno.test("planOf() ends where the scenario does, unless it loops, and starts when told to", () => {
  const parts = scenarioByName("parts");
  assertEquals(planOf(parts, { ...WISH, toFile: true }, NOW).rounds, 6_600);
  assertEquals(planOf(parts, { ...WISH, toFile: true, loop: true }, NOW).rounds, Infinity);
  assertEquals(planOf(parts, { ...WISH, start: 1_000 }, NOW).anchor, 1_000);
});

Deno.test("batches() gives a round when it is due", async () => {
  const clock = new SkippingClock();
  const pace = { kind: "finite", anchor: NOW, rounds: 90 } as const;
  for (const name of ["facility", "factory"]) {
    const scenario = scenarioByName(name);
    const source = new Simulator(scenario, { seed: 1, pace, clock });
    const sizes: number[] = [];
    clock.waits.length = 0;
    for await (const batch of batches(source, scenario, { paceMs: 500 }, clock, new AbortController().signal)) {
      sizes.push(batch.length);
    }
    assertEquals(sizes, Array(90).fill(scenario.perRound));
    assertEquals(clock.waits, Array(89).fill(500));
  }
});

Deno.test("standardOutput() says when nobody reads any more", async () => {
  const closed = { write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")) };
  const target = standardOutput(readingWriter("ndjson", { channels: [] }), closed);
  await assertRejects(() => target.send([READING]), ReaderGone);
});

Deno.test("fileTarget() shows the file when it is whole", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/out.json`;
    const target = await fileTarget(path, readingWriter("json", { channels: [] }));
    await target.send([READING, READING]);
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    await target.finish();
    assertEquals(JSON.parse(await Deno.readTextFile(path)), [READING, READING]);
    const nowhere = `${folder}/none/out.json`;
    await assertRejects(() => fileTarget(nowhere, readingWriter("json", { channels: [] })), CommandError, nowhere);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Runs with a server that gives these answers in turn; `requests` collects what came. */
async function withServer(
  answers: Response[],
  run: (url: URL, requests: { key: string | null; body: string }[]) => Promise<void>,
): Promise<void> {
  const requests: { key: string | null; body: string }[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    requests.push({ key: request.headers.get("idempotency-key"), body: await request.text() });
    return answers.shift() ?? Response.json({ accepted: 1, rejected: 0, errors: [] }, { status: 202 });
  });
  try {
    await run(new URL(`http://127.0.0.1:${server.addr.port}/readings`), requests);
  } finally {
    await server.shutdown();
  }
}

Deno.test("httpTarget() sends again under the same key when the server is busy, as late as it asks", async () => {
  const busy = (seconds: string) => new Response("busy", { status: 503, headers: { "retry-after": seconds } });
  const answers = [busy("7"), new Response(null, { status: 502 }), new Response(null, { status: 409 })];
  await withServer(answers, async (url, requests) => {
    const clock = new SkippingClock();
    const notes: string[] = [];
    const target = httpTarget({ url, clock, signal: new AbortController().signal, note: (text) => notes.push(text) });
    await target.send([READING]);
    await target.send([READING]);
    assertEquals(clock.waits, [7_000, 2_000, 4_000]);
    assertEquals(requests.length, 5);
    assertEquals(new Set(requests.slice(0, 4).map((request) => request.key)).size, 1);
    assert(requests[4].key !== requests[3].key, "another batch has another key");
    assertEquals(parseReading(JSON.parse(requests[0].body)), READING);
    assertEquals(notes.length, 1);
  });
});

Deno.test("httpTarget() says what was refused, and ends at what will not pass", async () => {
  const refusal = { row: 2, errors: [{ field: "time", message: "time must be ..." }] };
  const answers = [
    Response.json({ accepted: 1, rejected: 1, errors: [refusal] }, { status: 202 }),
    Response.json({ title: "Bad Request", detail: "No record could be accepted." }, { status: 400 }),
  ];
  await withServer(answers, async (url) => {
    const notes: string[] = [];
    const signal = new AbortController().signal;
    const target = httpTarget({ url, clock: new SkippingClock(), signal, note: (text) => notes.push(text) });
    await target.send([READING, READING]);
    assertStringIncludes(notes[0], "refused 1 of 2 readings");
    await assertRejects(() => target.send([READING]), CommandError, "answers 400: No record could be accepted.");
  });
});

Deno.test("httpTarget() gives up after its attempts, and at once when it is stopped", async () => {
  let dead: URL | undefined;
  await withServer([], async (url) => {
    dead = await Promise.resolve(url);
  });
  assert(dead !== undefined);
  const clock = new SkippingClock();
  const options = { url: dead, clock, note: () => {}, attempts: 3 };
  const target = httpTarget({ ...options, signal: new AbortController().signal });
  await assertRejects(() => target.send([READING]), CommandError, "(3 times)");
  assertEquals(clock.waits, [1_000, 2_000]);
  await httpTarget({ ...options, signal: AbortSignal.abort() }).send([READING]);
});

/** The command as a process of its own, with the permissions of its task. */
function command(args: readonly string[], folder: string): Deno.Command {
  const script = `import { simulate } from ${JSON.stringify(import.meta.resolve("../../commands/simulate.ts"))};
    import { explain } from ${JSON.stringify(import.meta.resolve("../../commands/process/explain.ts"))};
    try { Deno.exit(await simulate(Deno.args)); } catch (error) { console.error(explain(error).text); Deno.exit(explain(error).exitCode); }`;
  const path = `${folder}/run-${crypto.randomUUID()}.ts`; // several may run at once
  Deno.writeTextFileSync(path, script);
  const config = new URL("../deno.json", import.meta.url).pathname;
  const permissions = [
    "--no-prompt",
    "--allow-env=SENSORIUM_*,OTEL_*",
    "--allow-read",
    `--allow-write=${folder}`,
    "--allow-net",
  ];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", config, ...permissions, path, ...args],
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdout: "piped",
    stderr: "piped",
  });
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("simulate() writes the same for the same seed and start, and another for another seed", async () => {
  await inFolder(async (folder) => {
    const common = ["facility", "--interval", "0", "--count", "60", "--start", "2026-01-31T12:00:00Z"];
    const [one, two, other] = await Promise.all(
      [common, common, [...common, "--seed", "7"]].map((args) => command(args, folder).output()),
    );
    const text = new TextDecoder().decode(one.stdout);
    assertEquals([one.code, text.trimEnd().split("\n").length], [0, 60]);
    assertEquals(two.stdout, one.stdout);
    assert(new TextDecoder().decode(other.stdout) !== text);
  });
});

Deno.test("simulate() writes sensor_data.csv with 6,600 parts, 1,600 of them abnormal", async () => {
  await inFolder(async (folder) => {
    const { code, stderr } = await command(["parts", "--to", `${folder}/sensor_data.csv`], folder).output();
    assertEquals([code, new TextDecoder().decode(stderr).includes("6,600 readings of parts")], [0, true]);
    const rows = parse(await Deno.readTextFile(`${folder}/sensor_data.csv`)).slice(1);
    assertEquals([rows.length, rows.filter((row) => row[7] === "1").length], [6_600, 1_600]);
  });
});

Deno.test("simulate() injects when told to, and not when told not to", async () => {
  await inFolder(async (folder) => {
    const injected = async (args: readonly string[]) => {
      const { stdout, code } = await command([...args, "--interval", "0", "--format", "ndjson"], folder).output();
      assertEquals(code, 0);
      return new TextDecoder().decode(stdout).split('"comment":"anomaly_injected"').length - 1;
    };
    assertEquals(await injected(["factory", "--count", "800"]), 0);
    const some = await injected(["factory", "--count", "800", "--inject"]);
    assert(some > 15 && some < 75, `${some} of 800`);
    assertEquals(await injected(["facility", "--count", "800", "--no-inject"]), 0);
    assertEquals(await injected(["facility", "--count", "100", "--inject", "--chance", "1"]), 100);
  });
});

Deno.test("simulate() ends well when it is interrupted: exit 0 and a whole file", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/factory.json`;
    const child = command(["factory", "--to", path, "--loop", "--interval", "20"], folder).spawn();
    // written to as soon as it runs: wait for the first records to be there
    for await (const _ of Deno.watchFs(folder)) {
      const size = await Deno.stat(`${path}.part`).then((stat) => stat.size, () => 0);
      if (size > 1_000) break;
    }
    child.kill("SIGINT");
    const { code, stderr } = await child.output();
    assertEquals(code, 0);
    assertStringIncludes(new TextDecoder().decode(stderr), "stopped");
    const records: unknown = JSON.parse(await Deno.readTextFile(path));
    assert(Array.isArray(records) && records.length >= 8 && records.length % 8 === 0);
    assertEquals(Object.keys(records[0]), [
      "timestamp",
      "machine_id",
      "vibration",
      "temperature",
      "pressure",
      "failure",
    ]);
  });
});

Deno.test("simulate() ends well when nobody reads on", async () => {
  await inFolder(async (folder) => {
    const child = command(["facility", "--interval", "0", "--loop"], folder).spawn();
    const reader = child.stdout.getReader();
    assert(((await reader.read()).value?.length ?? 0) > 0);
    await reader.cancel(); // the pipe is closed, as by `| head`
    const [{ code }, error] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assertEquals([code, error], [0, ""]);
  });
});

Deno.test("simulate() refuses what it does not know in one sentence", async () => {
  await inFolder(async (folder) => {
    const wrong: readonly (readonly [string[], string])[] = [
      [["facilty"], "did you mean facility?"],
      [["parts", "--to", "ftp://x/y"], "--to must be -, a file or an http or https URL"],
      [["parts", "--interval", "-5"], "--interval must be a whole number of milliseconds"],
      [["parts", "--start", "2026-01-31"], "ISO 8601 with a zone"],
      [["parts", "--count", "5", "--hours", "1"], "cannot both set the end"],
      [["parts", "--factor-least", "4"], "--factor-least must be at most"],
    ];
    for (const [args, sentence] of wrong) {
      const { code, stderr } = await command(args, folder).output();
      const text = new TextDecoder().decode(stderr);
      assertEquals(code, 2, text);
      assertStringIncludes(text, sentence);
      assertEquals(text.trimEnd().split("\n").length, 1);
    }
  });
});
