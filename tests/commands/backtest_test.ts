/** @module */
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "../../std/assert.ts";
import { judgingSchema } from "../../actors/config.ts";
import { Rehearsal } from "../../actors/rehearsal.ts";
import { escapeHtml } from "../../commands/backtest/chart.ts";
import { judgePipe } from "../../commands/backtest/pipe.ts";
import { parseLabels } from "../../commands/backtest/labels.ts";
import { emptyMeasure, ratesOf, SensorMeasure } from "../../commands/backtest/measure.ts";
import { outputPaths } from "../../commands/backtest/paths.ts";
import { SensorProgress } from "../../commands/backtest/progress.ts";
import { Series } from "../../commands/backtest/series.ts";
import { parseBudget } from "../../commands/backtest/settings.ts";
import { UsageError } from "../../commands/process/errors.ts";
import { normalAt } from "../../models/random.ts";
import { makeZone } from "../../models/zone.ts";
import { join } from "../../std/path.ts";
import { BEGIN, figures, inFolder, recording, records, run, stamp, STEP_MS, write } from "./backtest/files.ts";

Deno.test("backtest() writes a row for every row, in order, with the input's own texts", () =>
  inFolder(async (folder) => {
    const text = recording(1_500, [900]) + "not a time,7\n" + `${stamp(3)},1\n` + `${stamp(1_600)},\n`;
    const [path] = await write(folder, { "pump.csv": text });
    await run(path, "--zone", "UTC", "--budget", "1e-3", "--out", join(folder, "out"));
    const rows = await records(join(folder, "out", "pump.csv")), input = text.trim().split("\n").slice(1);
    assertEquals(rows.map(({ timestamp, value }) => `${timestamp},${value}`), input);
    for (const { score, is_anomaly, alarm } of rows) {
      assert(Number(score) >= 0 && Number(score) <= 1 && score !== "");
      assert(is_anomaly === "0" || is_anomaly === "1");
      assert(Number(alarm) >= 0 && Number(alarm) <= 1 && alarm !== "");
    }
    const odd = rows[900];
    assertGreater(Number(odd.score), 0.99);
    assertEquals(odd.is_anomaly, "1");
    assertGreater(Number(odd.alarm), 0);
    assertGreater(Number(odd.value), Number(odd.expected_high));
    assert(Number(rows[899].value) > Number(rows[899].expected_low), "the reading before was inside");
    assertEquals(rows[1_501].score, "0", "behind its sensor's time: not judged");
  }));

Deno.test("backtest() never looks ahead: a file cut off anywhere gives the same rows", () =>
  inFolder(async (folder) => {
    const whole = recording(2_200, [700, 1_500, 1_501]), lines = whole.trim().split("\n");
    const output = async (name: string, text: string) => {
      const [path] = await write(folder, { [name]: text });
      await run(path, "--zone", "UTC", "--budget", "1/day", "--baselines", "--out", join(folder, "out"));
      return (await Deno.readTextFile(join(folder, "out", name))).trim().split("\n");
    };
    const rows = await output("a.csv", whole);
    for (const cut of [130, 701, 1_502, 2_000]) {
      // the sensor is called like its file: the same name, another folder
      assertEquals(await output("a.csv", lines.slice(0, cut + 1).join("\n")), rows.slice(0, cut + 1));
    }
  }));

Deno.test("backtest() counts against labelled windows, by time or by row, and against the budget", () =>
  inFolder(async (folder) => {
    const paths = await write(folder, {
      "in/a.csv": recording(3_000, [1_000, 2_000]),
      "in/b.csv": recording(3_000, [1_200], 2),
      "windows.json": JSON.stringify({
        "in/a.csv": [[`${stamp(995)}.000000`, stamp(1_010)], [stamp(2_500), stamp(2_510)]],
        "b": [[1_200, 1_205]],
      }),
    });
    const labels = paths.pop()!;
    const printed = await run(...paths, "--zone", "UTC", "--budget", "1e-3", "--labels", labels, "--baselines");
    const all = figures(printed, "this");
    assertEquals([all.events, all.found, all.recall], ["3", "2", "0.67"]);
    const b = figures(printed, "b.csv", "file");
    const others = Number(b.alarms) - 1;
    assertEquals([b.events, b.found, b.delay], ["1", "1", "0 ms"]);
    assertEquals(b.precision, (1 / (1 + others)).toFixed(2));
    assertEquals(figures(printed, join("in", "a.csv"), "file").delay, "25 min");
    assertLess(Number(all["of it"]), 2);
    assert(Object.keys(figures(printed, "random")).length > 5, "baselines stand beside");
  }));

Deno.test("backtest() counts against labels that the readings carry, sensor by sensor", () =>
  inFolder(async (folder) => {
    let text = "";
    for (let row = 0; row < 1_600; row++) {
      for (const sensor of ["left", "right"]) {
        const odd = sensor === "left" && row >= 1_200 && row < 1_205;
        const values = { flow: (odd ? 40 : 10) + Math.sin(row * (sensor === "left" ? 1.7 : 2.3)) };
        text += JSON.stringify({ sensor, time: BEGIN + row * STEP_MS, values, label: odd ? 1 : 0 }) + "\n";
      }
    }
    const [path] = await write(folder, { "flows.ndjson": text });
    const all = figures(await run(path, "--budget", "1e-3"), "this");
    assertEquals([all.readings, all.events, all.found, all.delay], ["3,200", "1", "1", "0 ms"]);
  }));

Deno.test("backtest() sets a second configuration beside the first, each with its own verdicts", () =>
  inFolder(async (folder) => {
    const [path, config] = await write(folder, {
      "a.csv": recording(3_000, [800, 1_400, 2_300]),
      "careful.json": JSON.stringify({ backtest: { budget: "1e-6", direction: "below" } }),
    });
    const out = join(folder, "out");
    const printed = await run(path, "--zone", "UTC", "--budget", "1e-3", "--compare", config, "--out", out);
    assertGreater(Number(figures(printed, "this").alarms), 1);
    assertEquals(figures(printed, config).alarms, "0", "nothing lies below");
    const alarms = async (name: string) => (await records(join(out, name))).filter(({ alarm }) => alarm !== "0").length;
    assertEquals(await alarms("a.csv"), Number(figures(printed, "this").alarms));
    assertEquals(await alarms(join("compared", "a.csv")), 0);
    const report = await Deno.readTextFile(join(out, "report.html"));
    assertStringIncludes(report, "deviations below");
  }));

Deno.test("backtest() writes a report that needs nothing else and runs nothing that a file contains", () =>
  inFolder(async (folder) => {
    const name = "<script>alert(1)</script>";
    let text = `time,sensor,"${name}"\n`;
    for (let row = 0; row < 900; row++) text += `${stamp(row)},"a&b",${row === 700 ? 90 : Math.sin(row)}\n`;
    const [path] = await write(folder, { "odd.csv": text });
    await run(path, "--zone", "UTC", "--budget", "1e-3", "--out", join(folder, "out"));
    const report = await Deno.readTextFile(join(folder, "out", "report.html"));
    assert(!report.includes("<script"), "no script, not even one of a channel's name");
    assert(!/(src|href)=|url\(|@import/.test(report), "nothing is loaded");
    assertStringIncludes(report, escapeHtml(name));
    assertStringIncludes(report, "<svg");
    assertStringIncludes(report, "most unusual is");
    assertEquals(report.includes("NaN"), false);
  }));

Deno.test("backtest() says how close it came where nothing was raised, and who still warms up", () =>
  inFolder(async (folder) => {
    const [long, short] = await write(folder, { "long.csv": recording(1_500, []), "short.csv": recording(40, []) });
    assertStringIncludes(await run(long, "--zone", "UTC", "--budget", "1e-6"), "of the threshold, long at 2026-01-");
    assertStringIncludes(await run(short, "--zone", "UTC"), "1 of 1 sensors were still warming up");
  }));

Deno.test("backtest() writes NDJSON with all that explains a verdict", () =>
  inFolder(async (folder) => {
    const [path] = await write(folder, { "pump.csv": recording(1_000, [900]) });
    await run(path, "--zone", "UTC", "--budget", "1e-3", "--format", "ndjson", "--out", folder);
    const lines = (await Deno.readTextFile(join(folder, "pump.ndjson"))).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(lines.length, 1_000);
    assertEquals(lines[10].warming_up, { done: 0.0366667, remaining_ms: 289 * STEP_MS });
    const odd = lines[900];
    assertEquals(odd.is_anomaly, true);
    const [{ feature, because }] = odd.contributions;
    assertEquals(odd.contributions, [{ channel: "value", share: 1, feature, because }]);
    assert(odd.detectors.surprise > 0.99 && odd.detectors.forest > 0.9 && odd.detectors.network > 0.9);
    assert(odd.flags.some(({ detector }: { detector: string }) => detector === "surprise"));
    assert(odd.versions.forest > 0);
    assert(odd.expected.value[1] < odd.values.value);
    assertStringIncludes(odd.explanation, "value ");
  }));

/** Two channels of three pumps, 30 s apart: noise, and a jump of both channels of the second one that is labelled. */
function pumps(rows: number, odd: number): string {
  let text = "";
  for (let row = 0; row < rows; row++) {
    for (const [k, sensor] of ["p1", "p2", "p3"].entries()) {
      const wrong = k === 1 && row >= odd && row < odd + 4, at = 3 * row + k;
      const values = { flow: 10 + normalAt(1, at) + (wrong ? 25 : 0), heat: 40 + normalAt(2, at) - (wrong ? 30 : 0) };
      const time = new Date(BEGIN + row * 30_000 + k).toISOString();
      text += JSON.stringify({ sensor, time, type: "pump", values, label: wrong ? 1 : 0 }) + "\n";
    }
  }
  return text;
}

/** Limits that the jump breaks, and few forests. */
const PUMP_CONFIG = JSON.stringify({
  judging: {
    budget: { perReading: 1e-3 },
    types: { pump: { channels: { flow: { high: 25 }, heat: { low: 20 } } } },
    forest: { everyMs: 3_600_000 },
  },
});

Deno.test("backtest() gives a score and a flag of every detector, sets them side by side, and rules beside them", () =>
  inFolder(async (folder) => {
    const [path, config] = await write(folder, { "pumps.ndjson": pumps(900, 700), "judging.json": PUMP_CONFIG });
    const out = join(folder, "out"), printed = await run(path, "--config", config, "--out", out);
    const rows = await records(join(out, "pumps.csv")), odd = rows[3 * 701 + 1];
    for (const row of rows) {
      for (const detector of ["limit", "zscore", "surprise", "forest", "network", "logistic"]) {
        assert(row[detector] === "" || (Number(row[detector]) >= 0 && Number(row[detector]) <= 1), detector);
        assert(["0", "1"].includes(row[`${detector}_flag`]), detector);
      }
    }
    assertEquals([odd.limit, odd.limit_flag, odd.score, odd.is_anomaly], ["1", "1", "1", "1"]);
    assertEquals([odd.surprise_flag, odd.forest_flag, odd.network_flag], ["1", "1", "1"]);
    assert(["flow", "heat"].includes(odd.most_unusual));
    assertLess(Number(odd.rate), 0.1);
    const limit = figures(printed, "limit", "detector"), forest = figures(printed, "forest", "detector");
    assertEquals([limit.events, limit.found, limit.right, limit.hit, limit.alarms], ["1", "1", "1.00", "1.00", "1"]);
    assertEquals([forest.found, forest.hit], ["1", "1.00"]);
    assertEquals(figures(printed, "logistic", "detector"), { detector: "" }, "nobody has trained one");
    const both = figures(printed, "forest and limits", "learning and rule");
    assertEquals([both.both, both["rule alone"], both["both miss"]], ["4", "0", "0"]);
    assertGreater(Number(both["learning alone"]), 10);
    assertStringIncludes(printed, "alerts: ");
    const told = (await Deno.readTextFile(join(out, "alerts.jsonl"))).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assert(told.some(({ condition, sensor, file }) => `${condition} ${sensor} ${file}` === "limit p2 pumps.csv"));
    const report = await Deno.readTextFile(join(out, "report.html"));
    assertStringIncludes(report, "Machine learning against rules");
    assertStringIncludes(report, "Detector by detector");
  }));

Deno.test("backtest() judges by rules alone, or lightly, where it is told to", () =>
  inFolder(async (folder) => {
    const [path, config] = await write(folder, { "pumps.ndjson": pumps(400, 350), "judging.json": PUMP_CONFIG });
    const rows = async (detectors: string) => {
      await run(path, "--config", config, "--detectors", detectors, "--out", join(folder, detectors));
      return await records(join(folder, detectors, "pumps.csv"));
    };
    const rules = (await rows("rules"))[3 * 351 + 1], light = (await rows("light"))[3 * 351 + 1];
    assertEquals([rules.score, rules.is_anomaly, rules.limit_flag, rules.alarm], ["1", "1", "1", "0"]);
    assertEquals([rules.surprise, rules.forest, rules.network], ["", "", ""]);
    assertEquals(light.network, "");
    assertGreater(Number(light.surprise), 0.99);
  }));

Deno.test("backtest() writes Parquet: the same cells, numbers as numbers", () =>
  inFolder(async (folder) => {
    const [path] = await write(folder, { "pump.csv": recording(600, [500]) + `${stamp(600)},\n` });
    const args = [path, "--zone", "UTC", "--budget", "1e-3", "--baselines", "--out", folder];
    await run(...args, "--format", "parquet");
    await run(...args, "--format", "ndjson");
    const bytes = await Deno.readFile(join(folder, "pump.parquet"));
    const rows = await parquetReadObjects({ file: bytes.buffer });
    const lines = (await Deno.readTextFile(join(folder, "pump.ndjson"))).trim().split("\n");
    assertEquals(rows.length, 601);
    for (const [i, row] of rows.slice(0, 600).entries()) {
      const line = JSON.parse(lines[i]);
      assertEquals([row.timestamp, row.value, row.is_anomaly], [stamp(i), line.values.value, line.is_anomaly]);
      assertEquals(Number((row.score as number).toPrecision(6)), line.score);
      assertEquals(row.forest === null, line.detectors.forest === undefined);
    }
    assertEquals(typeof rows[500].surprise_flag, "boolean");
    assertEquals([rows[600].value, rows[600].score, rows[600].forest], [null, 0, null]);
  }));

Deno.test("backtest() judges rows of a long layout as the reading that they are, and answers each", () =>
  inFolder(async (folder) => {
    let text = "time,sensor,quantity,amount\n";
    for (let row = 0; row < 1_300; row++) {
      const odd = row === 1_200 ? 30 : 0;
      text += `${stamp(row)},s,a,${Math.sin(row) + odd}\n${stamp(row)},s,b,${Math.cos(row) - odd}\n`;
    }
    const mapping = {
      sensor: "sensor",
      time: { field: "time", zone: "UTC" },
      long: { channel: "quantity", value: "amount", join: true },
    };
    const [path, map] = await write(folder, { "long.csv": text, "mapping.json": JSON.stringify(mapping) });
    const printed = await run(path, "--mapping", map, "--budget", "1e-3", "--out", join(folder, "out"));
    const rows = await records(join(folder, "out", "long.csv"));
    assertEquals(rows.length, 2_600);
    assertEquals(figures(printed, "this").readings, "1,300");
    for (let row = 0; row < 1_300; row++) assertEquals(rows[2 * row].score, rows[2 * row + 1].score);
    assertGreater(Number(rows[2_400].alarm), 0);
    assertEquals(rows[2_401].alarm, "0", "an alarm begins once");
  }));

Deno.test("SensorProgress knows the budget and the warm-up that the sensor's actor goes by", async () => {
  const judging = judgingSchema.parse({ types: { t: { channels: {}, budget: { alarms: 1, everyMs: 3_600_000 } } } });
  for (const type of [undefined, "t"]) {
    const rehearsal = new Rehearsal("p", judging), progress = new SensorProgress(judging, "s", false);
    for (let i = 0, time = BEGIN; i < 400; i++, time += i % 7 === 0 ? 90_000 : 10_000) {
      const item = { sensor: "s", time, values: { x: Math.sin(i) }, ...(type === undefined ? {} : { type }) };
      await rehearsal.take({ kind: "readings", items: [item], positions: [i], next: i + 1 });
      progress.take(time, type);
      if (i % 50 !== 49) continue;
      const view = rehearsal.sensor("s");
      assertEquals(progress.budget, view?.budget);
      assertEquals(progress.warm, view?.warm_up?.done ?? 1);
      assertEquals(Math.round(progress.warmMs), view?.warm_up?.remaining_ms ?? 0);
    }
  }
});

/** Runs a pipe over pieces of text; gives the lines, and the number that were there when each piece was asked for. */
async function piped(pieces: readonly string[]): Promise<{ lines: Record<string, unknown>[]; seen: number[] }> {
  let text = "", at = 0;
  const seen: number[] = [], encoder = new TextEncoder(), decoder = new TextDecoder();
  const input = new ReadableStream<Uint8Array>({
    pull(controller) {
      seen.push(text.split("\n").length - 1);
      if (at < pieces.length) controller.enqueue(encoder.encode(pieces[at++]));
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const out = {
    write(bytes: Uint8Array) {
      text += decoder.decode(bytes);
      return Promise.resolve(bytes.length);
    },
  };
  const judging = judgingSchema.parse({ budget: { perReading: 1e-3 } });
  await judgePipe(judging, undefined, {}, false, input, out, new AbortController().signal);
  return { lines: text.trim().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line)), seen };
}

/** Canonical lines. */
function lines(count: number): string[] {
  return Array.from(
    { length: count },
    (_, i) =>
      JSON.stringify({ sensor: "s", time: BEGIN + i * 1_000, values: { x: i === 500 ? 50 : Math.sin(i) } }) + "\n",
  );
}

Deno.test("judgePipe() answers every line in order, as soon as it is there", async () => {
  const { lines: answers, seen } = await piped(lines(600));
  assertEquals(answers.length, 600);
  assertEquals(answers.map(({ time }) => Date.parse(String(time))), answers.map((_, i) => BEGIN + i * 1_000));
  assertEquals(answers[500].is_anomaly, true);
  for (const [piece, count] of seen.entries()) {
    assert(count >= piece - 4, `${count} answers when piece ${piece} was asked for`);
  }
});

Deno.test("judgePipe() gives the same whatever the pieces, and an answer to what is no reading", async () => {
  const text = [...lines(40), "{broken\n", "\n", `{"sensor":"é","time":${BEGIN},"values":{"x":1}}`].join("");
  const expected = (await piped([text])).lines;
  assertEquals(expected.length, 42);
  assert(Array.isArray(expected[40].errors));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 30 }), async (cuts) => {
      const pieces: string[] = [];
      let at = 0;
      for (const cut of cuts) pieces.push(text.slice(at, at += cut));
      assertEquals((await piped([...pieces, text.slice(at)])).lines, expected);
    }),
    { numRuns: 20 },
  );
});

Deno.test("backtest - works in a pipe of processes and ends with its reader", async () => {
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", main, "backtest", "-", "--budget", "1e-3"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
  }).spawn();
  const writer = child.stdin.getWriter(), reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const encoder = new TextEncoder();
  for (const line of lines(3)) { // the answer to a line is waited for before the next one is written
    await writer.write(encoder.encode(line));
    let answer = "";
    while (!answer.includes("\n")) answer += (await reader.read()).value ?? "";
    assertEquals(JSON.parse(answer).sensor, "s");
  }
  await writer.close();
  await reader.cancel();
  await child.stderr.cancel();
  assertEquals((await child.status).code, 0);
});

Deno.test("backtest() refuses what it cannot do, in one sentence", async () => {
  await assertRejects(() => run("-", "x.csv"), UsageError, "- reads standard input");
  await assertRejects(() => run("-", "--labels", "x.json"), UsageError, "--labels needs files");
  await assertRejects(() => run("a.csv", "--budget", "0"), UsageError, "--budget must be a number of alarms per");
  await assertRejects(() => run("a.csv", "--labels", "/nowhere.json"), UsageError, "there is no file /nowhere.json");
});

Deno.test("backtest() looks at every file before it judges the first", () =>
  inFolder(async (folder) => {
    const [path] = await write(folder, { "a.csv": recording(10, []) }), out = join(folder, "out");
    await assertRejects(() => run(path, join(folder, "b.csv"), "--zone", "UTC", "--out", out), Error, "b.csv");
    await assertRejects(() => Deno.stat(out), Deno.errors.NotFound);
  }));

Deno.test("parseBudget() reads alarms in a time or a reading", () => {
  assertEquals(parseBudget("1/week"), { alarms: 1, everyMs: 604_800_000 });
  assertEquals(parseBudget("0.5/day"), { alarms: 0.5, everyMs: 86_400_000 });
  assertEquals(parseBudget("1e-3"), { perReading: 1e-3 });
  for (const wrong of ["", "1/", "week", "1/fortnight", "-1/day", "2", "1e-12", "1/day/2", "NaN"]) {
    assertEquals(parseBudget(wrong), undefined, wrong);
  }
});

Deno.test("parseLabels() finds a file by the end of its path or its name, and says what it cannot read", () => {
  const labels = parseLabels(
    JSON.stringify({ "line/press.csv": [[1, 2]], "press.csv": [[3, 4]], "E-9": [["2026-01-01", "2026-01-02"]] }),
    "w.json",
    makeZone("UTC"),
  );
  assertEquals(labels.keyOf("/data/line/press.csv"), "line/press.csv");
  assertEquals(labels.keyOf("/data/other/press.csv"), "press.csv");
  assertEquals(labels.keyOf("/data/line/press.csv.gz"), "line/press.csv");
  assertEquals(labels.keyOf("nasa/E-9_test.csv.gz"), "E-9");
  assertEquals(labels.of("nothing.csv"), undefined);
  assertEquals(labels.of("E-9.csv"), [{ by: "time", from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 2) }]);
  const list = parseLabels(JSON.stringify([{ channel: "P-1", anomalies: [[5, 6]] }]), "w.json", undefined);
  assertEquals(list.of("P-1_test.csv"), [{ by: "row", from: 5, to: 6 }]);
  for (
    const [text, why] of [
      ["{", "must be JSON"],
      ['{"a": [[1]]}', "lists of [from, to]"],
      ['{"a": [[2, 1]]}', "must end after 2"],
      ['{"a": [[1, "2026-01-01T00:00:00Z"]]}', "both times or rows"],
      ['{"a": [["2026-01-01", "2026-01-02"]]}', "has no zone"],
    ]
  ) {
    const error = caught(() => parseLabels(text, "w.json", undefined));
    assert(error instanceof UsageError);
    assertStringIncludes(error.message, why);
  }
});

function caught(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

Deno.test("outputPaths() keeps folders from where the inputs share them, and never writes one file twice", () => {
  assertEquals(outputPaths(["/d/a/x.csv", "/d/b/x.csv.gz"], undefined, "csv"), [
    join("a", "x.csv"),
    join("b", "x.csv"),
  ]);
  assertEquals(outputPaths(["/d/a/x.json"], undefined, "ndjson"), ["x.ndjson"]);
  const labels = parseLabels('{"cat/x.csv": []}', "w.json", undefined);
  assertEquals(outputPaths(["/d/cat/x.csv"], labels, "csv"), [join("cat", "x.csv")]);
  const error = caught(() => outputPaths(["/d/x.csv", "/d/x.json"], undefined, "csv"));
  assert(error instanceof UsageError);
  assertStringIncludes(error.message, "would both be written as x.csv");
});

Deno.test("SensorMeasure counts an event once, its delay to the first alarm, and nothing outside for it", () => {
  const sensor = new SensorMeasure(true), alarms = new Set([3, 12, 14, 15, 30]);
  for (let i = 0; i < 40; i++) {
    const event = i >= 10 && i < 20 ? 0 : i >= 25 && i < 28 ? 1 : -1;
    sensor.count(i * 1_000, event, event === 0 ? 10_000 : 25_000, alarms.has(i), alarms.has(i), 0.1);
  }
  const rates = ratesOf(sensor.measure);
  assertEquals([sensor.measure.events, sensor.measure.found, sensor.measure.falseAlarms], [2, 1, 2]);
  assertEquals([rates.precision, rates.recall, rates.delayMs], [0.6, 0.5, 2_000]);
  assertEquals(rates.readingRecall, 3 / 13);
  assert(Math.abs(rates.ratio - 2 / 2.7) < 1e-9);
  assertEquals(rates.falsePerSensorDay, 2 * 86_400_000 / sensor.measure.normalMs);
  assert(Number.isNaN(ratesOf(emptyMeasure()).precision));
});

Deno.test("Series keeps a spike visible at any length, in fixed memory", () => {
  const series = new Series();
  for (let i = 0; i < 100_000; i++) series.add(i, i === 54_321 ? 99 : 1, i < 50 ? NaN : 0, 2);
  assert(series.length <= 1_024);
  const used = series.greatest.subarray(0, series.length);
  assertEquals(Math.max(...used), 99);
  assertEquals(used.filter((value) => value === 99).length, 1);
  assertEquals(series.times[0], 0);
});

/** Every tenth of the benchmark's labelled files, all at a scale of 10, where they are; else made-up ones of the same kind. */
async function labelled(folder: string): Promise<{ paths: string[]; labels: string }> {
  const data = Deno.env.get("SENSORIUM_TEST_DATA");
  if (data !== undefined) {
    const labels = join(data, "nab", "windows.json");
    const every = Math.max(1, Math.round(10 / Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1)));
    const names = Object.keys(JSON.parse(await Deno.readTextFile(labels))).filter((_, i) => i % every === 0);
    return { paths: names.map((name) => join(data, "nab", "data", name)), labels };
  }
  const files: Record<string, string> = {}, windows: Record<string, [string, string][]> = {};
  for (let seed = 1; seed <= 10; seed++) {
    const odd = [1_500 + 50 * seed, 3_000 + 20 * seed];
    files[`made/${seed}.csv`] = recording(4_000, odd, seed);
    windows[`made/${seed}.csv`] = odd.map((row) => [stamp(row - 50), stamp(row + 50)]);
  }
  const paths = await write(folder, files);
  const [labels] = await write(folder, { "windows.json": JSON.stringify(windows) });
  return { paths, labels };
}

Deno.test("backtest() finds most labelled events and keeps the budget while it does", () =>
  inFolder(async (folder) => {
    const { paths, labels } = await labelled(folder);
    // Forests have no part in alarms: grown anew once a day they take little of the time.
    const [config] = await write(folder, { "daily.json": '{"judging": {"forest": {"everyMs": 86400000}}}' });
    const args = ["--zone", "UTC", "--budget", "1e-3", "--labels", labels, "--baselines", "--config", config];
    const printed = await run(...paths, ...args);
    const own = figures(printed, "this");
    assertGreater(Number(own.recall), 0.85);
    assertLess(Number(own["of it"]), 1);
    for (const baseline of ["last_value", "three_sigma", "new_extreme", "random"]) {
      assertGreater(Number(own.F1), Number(figures(printed, baseline).F1), baseline);
    }
  }));
