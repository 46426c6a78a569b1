/**
 * `deno task soak`: an instance under a steady load for a long time, and whether its memory, its file and its latency stay
 * as they are.
 *
 * The load: the facility, readings over HTTP from {@linkcode SENSORS} sensors, a client that follows them, and at every
 * look one more client that follows and never reads. The number of sensors is small, so that what is kept of each is
 * full after some minutes; from then on nothing may grow.
 *
 * @module
 */
import { z } from "zod";
import { systemClock } from "../commands/process/clock.ts";
import { KV_FILE } from "../commands/instance/database.ts";
import { wholeNumber } from "../commands/settings/setting.ts";
import { type Command, COMMON, readSettings } from "../commands/settings/settings.ts";
import { ask, Folder, type Program, startInstance, until, within } from "../tests/process.ts";
import { textOf } from "../tests/stream_text.ts";
import { program } from "./program.ts";

const settings = {
  minutes: wholeNumber({ min: 1, max: 10_080, fallback: 30, help: "how long", placeholder: "MIN" }),
  every: wholeNumber({ min: 5, max: 3_600, fallback: 60, help: "time between two looks, in seconds" }),
  rate: wholeNumber({ min: 100, max: 100_000, fallback: 2_000, help: "readings a second over HTTP" }),
  shards: COMMON.shards,
};

const command: Command<typeof settings> = {
  name: "soak",
  summary: "Runs an instance under a steady load, and says whether memory, file size and latency stay flat.",
  settings,
  examples: [{ line: "deno task soak --minutes 30", does: "half an hour, a line a minute" }],
};

/** Sensors of the load: at 2,000 readings/s the last 10,000 readings of each are full after 100 s. */
const SENSORS = 20;
/** Requests a second. */
const REQUESTS = 20;
/** As much more than before is still flat: a share, and an amount that the machine's own noise makes up. */
const SHARE = 0.15, SLACK = { memory: 48, file: 16, answer: 50, seen: 500 } as const;

/** What one look found. */
interface Look {
  readonly seconds: number;
  /** Readings that were answered for since the look before, a second. */
  readonly rate: number;
  /** Resident memory of the instance, MB. */
  readonly memory: number;
  /** KV file with its journal, MB. */
  readonly file: number;
  /** Greatest of 99 % of the times until a request was answered, ms. */
  readonly answer: number;
  /** Greatest of 99 % of the times from a reading's moment until a follower had it, ms. */
  readonly seen: number;
}

/** The load's counts, and the times since the last look. */
class Load {
  accepted = 0;
  answerMs: number[] = [];
  seenMs: number[] = [];
  readonly failures: string[] = [];

  constructor(private readonly url: string, private readonly rate: number, private readonly signal: AbortSignal) {}

  /** Sends readings stamped with the present, evenly spread, until the signal. */
  async send(): Promise<void> {
    const size = Math.max(1, Math.round(this.rate / REQUESTS)), gapMs = size * 1000 / this.rate;
    let due = systemClock.now(), count = 0, last = 0;
    while (!this.signal.aborted) {
      const lines: string[] = [];
      for (let i = 0; i < size; i++, count++) {
        if (count % SENSORS === 0) last = Math.max(last + 1, systemClock.now()); // no two readings of one time
        const values = { temperature: 20 + Math.sin(count / 1e4) + (count * 7919 % 100) / 100, pressure: count % 7 };
        lines.push(JSON.stringify({ sensor: `load-${count % SENSORS}`, time: last, values }));
      }
      await this.post(lines);
      due += gapMs;
      await systemClock.sleep(due - systemClock.now(), this.signal).catch(() => {});
    }
  }

  private async post(lines: readonly string[]): Promise<void> {
    const begun = performance.now(), headers = { "content-type": "application/x-ndjson" };
    try {
      const answer = await fetch(`${this.url}/readings`, { method: "POST", headers, body: lines.join("\n") });
      const text = await answer.text();
      if (answer.status !== 202) throw new Error(`${answer.status} ${text}`);
      this.accepted += acceptedSchema.parse(JSON.parse(text)).accepted;
      this.answerMs.push(performance.now() - begun);
    } catch (error) {
      this.failures.push(String(error));
    }
  }

  /** Follows one of the sensors until the signal. */
  async follow(): Promise<void> {
    try {
      const url = `${this.url}/readings/stream?sensor=load-0&max_per_second=1000`;
      const answer = await fetch(url, { signal: this.signal });
      let rest = "";
      for await (const text of textOf(answer.body!, this.signal)) {
        const lines = (rest + text).split("\n"), now = systemClock.now();
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const time = /^data: .*"time":"([^"]+)"/.exec(line)?.[1];
          if (time !== undefined) this.seenMs.push(now - Date.parse(time));
        }
      }
    } catch (error) {
      if (!this.signal.aborted) this.failures.push(`the follower: ${error}`);
    }
  }
}

const acceptedSchema = z.object({ accepted: z.number() });
const summarySchema = z.object({
  partitions: z.array(z.object({ partition: z.string(), readings: z.number() })),
});

/** The value that 99 % are not above; 0 of none. */
function most(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
}

/** Resident memory of a process, MB. */
async function memoryOf(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)] }).output();
  return Number(new TextDecoder().decode(stdout)) / 1024;
}

/** Size of the KV file and its journal, MB. */
async function fileSize(dataDir: string): Promise<number> {
  let bytes = 0;
  for (const ending of ["", "-wal"]) {
    bytes += (await Deno.stat(`${dataDir}/${KV_FILE}${ending}`).catch(() => null))?.size ?? 0;
  }
  return bytes / 1e6;
}

/** A client that follows and never reads. */
async function deaf(url: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url), connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET /readings/stream?max_per_second=1000 HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  return connection;
}

const COLUMNS = ["seconds", "rate", "memory", "file", "answer", "seen"] as const;
const HEADS = ["    time", "readings/s", "memory MB", "file MB", "answered ms", "followed ms"];

function line(look: Look): string {
  return COLUMNS.map((column, i) => {
    const digits = column === "file" || column === "answer" ? 1 : 0;
    return `${look[column].toFixed(digits)}${column === "seconds" ? " s" : ""}`.padStart(HEADS[i].length);
  }).join("  ");
}

/** What grew from the middle third to the last one, one sentence each. */
function grown(looks: readonly Look[]): string[] {
  const third = Math.floor(looks.length / 3);
  if (third === 0) return ["fewer than three looks: there is nothing to compare"];
  const sentences: string[] = [];
  for (const column of ["memory", "file", "answer", "seen"] as const) {
    const values = looks.map((look) => look[column]);
    const [before, after] = [values.slice(third, -third), values.slice(-third)].map((part) => Math.max(...part));
    const limit = before * (1 + SHARE) + SLACK[column];
    if (after > limit) sentences.push(`${column} grew from ${before.toFixed(1)} to ${after.toFixed(1)}`);
  }
  return sentences;
}

async function looksAt(
  load: Load,
  { program, url, dataDir, minutes, every }: {
    program: Program;
    url: string;
    dataDir: string;
    minutes: number;
    every: number;
  },
): Promise<Look[]> {
  const begun = performance.now(), looks: Look[] = [], deafs: Deno.TcpConn[] = [];
  console.log(HEADS.join("  "));
  let accepted = 0, before = begun;
  try {
    while (performance.now() - begun < minutes * 60_000) {
      deafs.push(await deaf(url));
      await systemClock.sleep(every * 1000);
      const now = performance.now(), { answerMs, seenMs } = load;
      [load.answerMs, load.seenMs] = [[], []];
      const look: Look = {
        seconds: (now - begun) / 1000,
        rate: (load.accepted - accepted) * 1000 / (now - before),
        memory: await memoryOf(program.pid),
        file: await fileSize(dataDir),
        answer: most(answerMs),
        seen: most(seenMs),
      };
      [accepted, before] = [load.accepted, now];
      looks.push(look);
      console.log(line(look));
    }
  } finally {
    for (const connection of deafs) connection.close();
  }
  return looks;
}

/** Runs it; 0 if everything stayed flat and nothing was lost. */
async function soak(args: readonly string[]): Promise<number> {
  const { values } = await readSettings(command, args);
  await using folder = new Folder();
  const dataDir = folder.at("data");
  const { program, url } = await startInstance([
    ...["--port", "0", "--data-dir", dataDir, "--history", "0", "--shards", String(values.shards)],
  ]);
  await using _ = program;
  const stop = new AbortController(), load = new Load(url, values.rate, stop.signal);
  const working = Promise.all([load.send(), load.follow()]);
  const looks = await looksAt(load, { program, url, dataDir, minutes: values.minutes, every: values.every });
  stop.abort();
  await working;
  const problems = [...grown(looks), ...load.failures.slice(0, 5)];
  const read = async () => (await ask(`${url}/summary`, summarySchema)).partitions[0].readings;
  await until("every reading is read", async () => await read() === load.accepted, 10_000)
    .catch(async () => problems.push(`${load.accepted} readings were accepted, ${await read()} are there`));
  program.signal("SIGTERM");
  const { code, error } = await within(program.ended, 15_000, "the instance has not ended");
  if (code !== 0 || error !== "") problems.push(`the instance ended with ${code}: ${error}`);
  for (const problem of problems) console.log(`NOT FLAT: ${problem}`);
  if (problems.length === 0) console.log(`flat; ${load.accepted.toLocaleString("en")} readings, none lost`);
  return problems.length === 0 ? 0 : 1;
}

await program(soak);
