/**
 * Backtests of a running instance, done by the real thread over files of the test.
 *
 * @module
 */
import { BacktestRefused, type BacktestSettings, type BacktestView } from "../../../actors/backtests/port.ts";
import { judgingSchema } from "../../../actors/config.ts";
import { plainName } from "../../../commands/backtest/folder.ts";
import { BacktestJobs, type JobsOptions, QUEUE_MOST } from "../../../commands/backtest/jobs.ts";
import { systemClock } from "../../../commands/process/clock.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../../std/assert.ts";
import { join } from "../../../std/path.ts";
import { FakeClock, until } from "../../routes/fakes.ts";
import { inFolder, recording, run, write } from "./files.ts";

const judging = judgingSchema.parse({}), PLAIN: BacktestSettings = { format: "csv", baselines: false };

async function opened<T>(
  dataDir: string,
  work: (jobs: BacktestJobs) => Promise<T>,
  more: Partial<JobsOptions> = {},
): Promise<T> {
  const failed: unknown[] = [], options = { dataDir, judging, clock: systemClock, ...more };
  const jobs = await BacktestJobs.open({ ...options, report: (error) => failed.push(error) });
  try {
    return await work(jobs);
  } finally {
    await jobs.close();
    assertEquals(failed, []);
  }
}

function upload(text: string, name = "pump.csv") {
  return { kind: "upload", name, body: new Blob([text]).stream() } as const;
}

/** Follows one to its end. */
async function ended(jobs: BacktestJobs, id: string): Promise<BacktestView> {
  let last = jobs.find(id);
  for await (const { backtest } of jobs.follow(id, new AbortController().signal)) last = backtest;
  assert(last !== undefined);
  return last;
}

async function textOf(jobs: BacktestJobs, id: string, part: "verdicts" | "alerts" | "page"): Promise<string> {
  const file = await jobs.file(id, part);
  assert(file !== undefined, part);
  return await new Response(file.body as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

Deno.test("BacktestJobs say of a recording what the command says, row for row and figure for figure", () =>
  inFolder((folder) =>
    opened(join(folder, "data"), async (jobs) => {
      const text = recording(1_500, [900]), [path] = await write(folder, { "pump.csv": text });
      await run(path, "--zone", "UTC", "--budget", "1e-3", "--baselines", "--out", join(folder, "out"));
      const settings: BacktestSettings = { format: "csv", baselines: true, budget: "1e-3", zone: "UTC" };
      const view = await ended(jobs, (await jobs.submit(upload(text), settings)).id), { id } = view;
      assertEquals([view.state, view.progress, view.readings, view.input.bytes], ["done", 1, 1_500, text.length]);
      assertEquals(await textOf(jobs, id, "verdicts"), await Deno.readTextFile(join(folder, "out", "pump.csv")));
      assertEquals(await textOf(jobs, id, "alerts"), await Deno.readTextFile(join(folder, "out", "alerts.jsonl")));
      assertStringIncludes(await textOf(jobs, id, "page"), "deno task backtest pump.csv --format csv --budget 1e-3");
      const report = await jobs.report(id),
        own = JSON.parse(await Deno.readTextFile(join(folder, "out", "report.json")));
      assertEquals(report?.configurations, own.configurations);
      const [{ total, alarms }] = report?.configurations ?? [];
      assertEquals([total.alarms, alarms.length, view.alarms], [1, 1, 1]);
      assertEquals(alarms[0].row, 900);
      await jobs.close(); // when all is written down
      const left = [...Deno.readDirSync(join(folder, "data", "backtests", id))].map(({ name }) => name).sort();
      assertEquals(left, ["backtest.json", "out"], "what was sent is gone");
    })
  ));

Deno.test("BacktestJobs judge files of the data directory's own folders, and a scenario, under two configurations", () =>
  inFolder((folder) =>
    opened(folder, async (jobs) => {
      await write(folder, { "uploads/a.csv": recording(400, [300]), "instance.json": '{"token":"secret"}' });
      await Deno.symlink(join(folder, "instance.json"), join(folder, "uploads", "link.json"));
      const file = await jobs.submit({ kind: "file", name: "a.csv" }, { ...PLAIN, format: "parquet", zone: "UTC" });
      const compare = { detectors: "rules", budget: "1/day" };
      const scenario = { kind: "scenario", name: "facility", hours: 0.02, seed: 1 } as const;
      const two = await jobs.submit(scenario, { ...PLAIN, judging: { latenessMs: 0 }, compare });
      assertEquals([(await ended(jobs, file.id)).state, (await ended(jobs, two.id)).state], ["done", "done"]);
      assertEquals((await jobs.file(file.id, "verdicts"))?.type, "application/vnd.apache.parquet");
      await (await jobs.file(file.id, "verdicts"))?.body.cancel();
      const sides = (await jobs.report(two.id))?.configurations ?? [];
      assertEquals(sides.map(({ name }) => name), ["this", "compared"]);
      assertStringIncludes(sides[1].about, "budget 1 per day, rules detectors");
      assertEquals(sides[0].total.readings, sides[1].total.readings);
      for (const name of ["instance.json", "../instance.json", "link.json", "sensorium.kv", "/etc/passwd", "no.csv"]) {
        const error = await assertRejects(() => jobs.submit({ kind: "file", name }, PLAIN), BacktestRefused);
        assertEquals(error.kind, "unknown", name);
      }
    })
  ));

Deno.test("BacktestJobs refuse what cannot be judged, with the field, and leave nothing behind", () =>
  inFolder((folder) =>
    opened(folder, async (jobs) => {
      const wrong: [Partial<BacktestSettings>, string][] = [
        [{ budget: "often" }, "budget"],
        [{ zone: "Mars/Base" }, "judging.zone"],
        [{ judging: { latenessMs: -1 } }, "judging.latenessMs"],
        [{ judging: [1] }, "judging"],
        [{ compare: { unheard: 1 } }, "compare"],
      ];
      for (const [settings, field] of wrong) {
        const error = await assertRejects(() => jobs.submit(upload("x"), { ...PLAIN, ...settings }), BacktestRefused);
        assertEquals([error.kind, error.field], ["invalid", field]);
      }
      const long = { kind: "scenario", name: "facility", hours: 700, seed: 1 } as const;
      assertEquals((await assertRejects(() => jobs.submit(long, PLAIN), BacktestRefused)).field, "hours");
      const none = await assertRejects(() => jobs.submit(upload(""), PLAIN), BacktestRefused);
      assertEquals([none.kind, none.field], ["invalid", "body"]);
      const large = await assertRejects(() => jobs.submit(upload(recording(400, [])), PLAIN), BacktestRefused);
      assertEquals([large.kind, jobs.list().length], ["too_large", 0]);
      assertEquals([...Deno.readDirSync(join(folder, "backtests"))], []);
      const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("the client went")) });
      await assertRejects(() => jobs.submit({ kind: "upload", name: "x.csv", body: broken }, PLAIN), Error, "went");
      const id = (await jobs.submit(upload("\u0000\u0001", "x.csv"), PLAIN)).id, failed = await ended(jobs, id);
      assertEquals([failed.state, failed.error], ["failed", "cannot read x.csv: it is no text"]);
      assertEquals([await jobs.report(id), await jobs.file(id, "verdicts")], [undefined, undefined]);
    }, { uploadBytes: 1_000 })
  ));

Deno.test("BacktestJobs give an upload up that stands still, and its place in the queue", () =>
  inFolder((folder) => {
    const clock = new FakeClock();
    return opened(folder, async (jobs) => {
      const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(9)) });
      const slow = assertRejects(() => jobs.submit({ kind: "upload", name: "x.csv", body }, PLAIN), BacktestRefused);
      await until(() => clock.sleepers === 1);
      await clock.advance(60_000);
      assertEquals((await slow).kind, "slow");
    }, { clock });
  }));

Deno.test("BacktestJobs queue up, are cancelled, are removed, and are interrupted by an end of the process", () =>
  inFolder(async (folder) => {
    const long = { kind: "scenario", name: "facility", hours: 100, seed: 1 } as const;
    const [running, waiting] = await opened(folder, async (jobs) => {
      const first = await jobs.submit(long, PLAIN), second = await jobs.submit(upload(recording(300, [])), PLAIN);
      assertEquals([first.state, second.state], ["running", "queued"]);
      const many = await Promise.allSettled(Array.from({ length: QUEUE_MOST }, () => jobs.submit(upload("x"), PLAIN)));
      const refused = many.filter((one) => one.status === "rejected").map(({ reason }) => reason.kind);
      assertEquals(refused, ["busy"]);
      await jobs.remove(second.id);
      assertEquals(jobs.find(second.id)?.state, "cancelled");
      await jobs.remove(first.id);
      assertEquals((await ended(jobs, first.id)).state, "cancelled");
      for (const { id } of jobs.list()) assert((await ended(jobs, id)).state !== "running");
      assertEquals(await jobs.remove(first.id), true);
      assertEquals([jobs.find(first.id), await jobs.remove(first.id)], [undefined, false]);
      const last = [await jobs.submit(long, PLAIN), await jobs.submit(long, PLAIN)];
      return last.map(({ id }) => id);
    });
    await opened(folder, (jobs) => {
      for (const id of [running, waiting]) assertEquals(jobs.find(id)?.state, "interrupted");
      assertEquals(jobs.list()[0].id, waiting, "newest first");
      return Promise.resolve();
    });
  }));

Deno.test("plainName() keeps a name's end and none of its paths", () => {
  const names = ["a.csv", "../../etc/passwd", "C:\\x\\y z.csv.gz", ".hidden", "-rf", "", "ä/..", "\u0000"];
  const plain = ["a.csv", "passwd", "y-z.csv.gz", "hidden", "rf", "upload", "upload", "upload"];
  assertEquals(names.map(plainName), plain);
});
