/**
 * How long after `kill -9` all sensors are back at work, while readings go on coming.
 *
 *     deno run -A bench/recovery.ts [--sensors=100000] [--rate=100000] [--seconds=40]
 *
 * A program takes readings from a log that grows by so many a second (a file, of which only what is due may be read), with
 * windows as rows, and state and position in Deno KV, in two workers. After so many seconds it is killed and started
 * again at once; the log goes on growing. Rules alone judge. It is back at work once it has read what was due at that moment: then every sensor
 * has the state that it would have had without the kill. Said are the steps on the way.
 *
 * @module
 */
import { judgingSchema } from "../actors/config.ts";
import type { Chunk, Source, SourcePartition } from "../actors/ports.ts";
import { systemClock as clock } from "../commands/process/clock.ts";
import { Engine } from "../commands/instance/engine.ts";
import { RowsSink } from "../sinks/rows.ts";
import { readingsFile } from "./_data.ts";
import { flag } from "./_measure.ts";

const PIECE_BYTES = 2 << 20;
/** A log is asked again so often, ms. */
const POLL_MS = 20;

/** A file that seems to grow. */
class GrowingLog implements Source, SourcePartition {
  readonly name = "log";
  readonly id = "log-0";

  /** @param bytesPerMs of the file are readable since `begun`, epoch ms */
  constructor(private readonly path: string, private readonly begun: number, private readonly bytesPerMs: number) {}

  open(): Promise<readonly SourcePartition[]> {
    return Promise.resolve([this]);
  }

  /** Bytes that are due. */
  due(): number {
    return (Date.now() - this.begun) * this.bytesPerMs;
  }

  async *read(from: number, signal: AbortSignal): AsyncGenerator<Chunk> {
    using file = await Deno.open(this.path);
    const { size } = await file.stat();
    for (let position = from; position < size && !signal.aborted;) {
      const wanted = Math.min(PIECE_BYTES, Math.floor(Math.min(this.due(), size)) - position);
      const bytes = new Uint8Array(Math.max(0, wanted));
      if (wanted > 0) await file.seek(position, Deno.SeekMode.Start);
      const count = wanted > 0 ? await file.read(bytes) ?? 0 : 0, end = bytes.lastIndexOf(10, count - 1) + 1;
      if (count === 0 || end === 0) {
        await clock.sleep(POLL_MS, signal).catch(() => {});
        continue;
      }
      yield { kind: "lines", bytes: bytes.slice(0, end), position, next: position + end, row: 1 };
      position += end;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What the program says of itself. */
interface Report {
  readonly at: number;
  readonly step: "opened" | "reading";
  readonly position: number;
  readonly readings: number;
  readonly sensors: number;
}

/** The program that is killed: runs until then, and says every 50 ms how far it is. */
async function program([path, dataDir, begun, bytesPerMs, shards]: readonly string[]): Promise<void> {
  const say = (report: Omit<Report, "at">) => console.log(JSON.stringify({ at: Date.now(), ...report }));
  const engine = await Engine.open({
    dataDir,
    judging: judgingSchema.parse({ detectors: "rules" }),
    shards: Number(shards),
    clock,
    sinks: () => [new RowsSink(`${dataDir}/rows.csv`)],
    supervisor: {
      keepHistory: false,
      storeWindows: false,
      feedReadings: 0,
      wanted: { verdicts: false, flags: false, history: false, windows: false, rows: true },
    },
  });
  const { supervisor } = engine;
  say({ step: "opened", position: 0, readings: 0, sensors: supervisor.directory.entries.length });
  setInterval(() => {
    const [run] = supervisor.runs;
    if (run) {
      const { position, readings } = run;
      say({ step: "reading", position, readings, sensors: supervisor.directory.entries.length });
    }
  }, 50);
  await engine.run(new GrowingLog(path, Number(begun), Number(bytesPerMs)), new AbortController().signal);
  Deno.exit(0);
}

/** Starts the program; `onReport` is told what it says. */
function start(arguments_: readonly string[], onReport: (report: Report) => void): Deno.ChildProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", "tests/deno.json", "--no-lock", "bench/recovery.ts", "program", ...arguments_],
    stdout: "piped",
  }).spawn();
  const follow = async () => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onReport(JSON.parse(line));
    }
  };
  follow();
  return child;
}

async function main(): Promise<void> {
  const sensors = Number(flag("sensors", "100000")), rate = Number(flag("rate", "100000"));
  const seconds = Number(flag("seconds", "40")), shards = flag("shards", "2"), count = rate * (seconds + 40);
  const path = await readingsFile(sensors, count), { size } = await Deno.stat(path);
  const dataDir = await Deno.makeTempDir({ prefix: "sensorium-bench-" });
  const begun = Date.now() + 1_000, bytesPerMs = size / count * rate / 1_000;
  const arguments_ = [path, dataDir, String(begun), String(bytesPerMs), shards];
  try {
    let last: Report | undefined;
    const first = start(arguments_, (report) => last = report);
    await clock.sleep(begun + 1_000 * seconds - Date.now());
    first.kill("SIGKILL");
    await first.status;
    const killed = Date.now(), before = last;
    if (!before) throw new Error("the program said nothing before it was killed");
    const behind = (killed - begun) * bytesPerMs - before.position;
    console.log(
      `killed after ${seconds} s: ${before.readings} readings, ${before.sensors} sensors, ` +
        `${(behind / bytesPerMs / 1_000).toFixed(2)} s behind the log`,
    );
    const at = (report: Report) => `${((report.at - killed) / 1_000).toFixed(2)} s after the kill`;
    let resumed = -1, over = false;
    await new Promise<void>((resolve) => {
      const second = start(arguments_, (report) => {
        if (over) return;
        if (report.step === "opened") console.log(`${at(report)}: ${report.sensors} sensors known`);
        else if (resumed < 0 && report.position > 0) {
          resumed = report.position;
          const again = (before.position - resumed) / size * count;
          console.log(`${at(report)}: reading; ${Math.max(0, Math.round(again))} readings again`);
        }
        const due = (report.at - begun) * bytesPerMs;
        if (report.step !== "reading" || report.position < due - bytesPerMs * 500) return;
        over = true;
        console.log(`${at(report)}: all at work, less than 0.5 s behind the log`);
        second.kill("SIGKILL");
        second.status.then(() => resolve());
      });
    });
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

if (import.meta.main) await (Deno.args[0] === "program" ? program(Deno.args.slice(1)) : main());
