/** @module */
import fc from "fast-check";
import type { Clock } from "../../../actors/ports.ts";
import { CommandError } from "../../../commands/process/errors.ts";
import { KINDS_MOST, Log, type LogOptions, REPEAT_MS, withLog } from "../../../commands/process/log.ts";
import { type LogFields, logLine } from "../../../commands/process/log_line.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../../std/assert.ts";
import { Folder, PATIENCE_MS, Program, within } from "../../process.ts";

const START = Date.parse("2026-01-02T03:04:05.678Z");

/** A clock that goes when it is told to. */
class HandClock implements Clock {
  time = START;
  private sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  now = () => this.time;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.sleepers.push({ at: this.time + ms, wake: resolve });
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  async pass(ms: number): Promise<void> {
    this.time += ms;
    for (const { at, wake } of this.sleepers) if (at <= this.time) wake();
    this.sleepers = this.sleepers.filter(({ at }) => at > this.time);
    await new Promise((resolve) => setTimeout(resolve)); // whoever was woken goes on
  }
}

function logInto(lines: string[], more: Partial<LogOptions> = {}): { log: Log; clock: HandClock } {
  const clock = new HandClock();
  const write = (line: string) => void lines.push(line);
  return { log: new Log({ format: "text", level: "info", clock, write, print: write, ...more }), clock };
}

Deno.test("Log writes a line for an entry, text or JSON, from its level on", () => {
  const text: string[] = [], json: string[] = [];
  for (const [format, lines] of [["text", text], ["json", json]] as const) {
    const { log } = logInto(lines, { format, level: "warn" });
    log.debug("no");
    log.info("no");
    log.warn("the disk is nearly full", { free_bytes: 5, partition: "http-0" });
    log.error(new TypeError("broken"));
    log.close();
  }
  assertEquals(text, [
    "2026-01-02T03:04:05.678Z WARN  the disk is nearly full\n",
    "2026-01-02T03:04:05.678Z ERROR broken\n",
  ]);
  assertEquals(json.map((line) => JSON.parse(line)), [
    {
      time: "2026-01-02T03:04:05.678Z",
      level: "warn",
      message: "the disk is nearly full",
      free_bytes: 5,
      partition: "http-0",
    },
    { time: "2026-01-02T03:04:05.678Z", level: "error", message: "broken" },
  ]);
});

Deno.test("Log.error() tells where it came from at the level debug alone", () => {
  for (const level of ["debug", "info"] as const) {
    const lines: string[] = [], { log } = logInto(lines, { format: "json", level });
    log.error(new Error("outside", { cause: new RangeError("inside") }));
    log.close();
    const { stack } = JSON.parse(lines[0]);
    if (level === "info") assertEquals(stack, undefined);
    else assertMatch(stack, /Error: outside[^]*log_test[^]*Caused by: RangeError: inside/);
  }
});

Deno.test("Log counts what is repeated, and says how often when the time is over", async () => {
  const lines: string[] = [], { log, clock } = logInto(lines);
  for (let i = 0; i < 313; i++) log.warn("sink postgres: no answer");
  log.warn("something else");
  assertEquals(lines.length, 2);
  await clock.pass(REPEAT_MS);
  assertEquals(lines.slice(2).map((line) => line.slice(25)), [
    "WARN  sink postgres: no answer (repeated 312 times)\n",
  ]);
  log.warn("sink postgres: no answer");
  log.warn("sink postgres: no answer");
  log.close();
  assertEquals(lines.slice(3).map((line) => line.slice(31)), [
    "sink postgres: no answer\n",
    "sink postgres: no answer (repeated once)\n",
  ]);
});

Deno.test("Log writes so many different messages and counts the others, and goes on when the time is over", async () => {
  const lines: string[] = [], { log, clock } = logInto(lines, { format: "json" });
  for (let i = 0; i < 100_000; i++) log.error(`message ${i}`);
  assertEquals(lines.length, KINDS_MOST);
  await clock.pass(REPEAT_MS);
  assertEquals(lines.length, KINDS_MOST + 1);
  assertEquals(JSON.parse(lines.at(-1) ?? "").left, 100_000 - KINDS_MOST);
  log.warn("again");
  assertEquals(JSON.parse(lines.at(-1) ?? "").message, "again");
  for (let i = 0; i < 2 * KINDS_MOST; i++) log.info("a batch was saved");
  assertEquals(lines.length, KINDS_MOST + 2 + 2 * KINDS_MOST, "what is as it should be is all written");
  log.close();
});

Deno.test("logLine() is one line that nobody can break, colour or turn around, and JSON whatever is in it", () => {
  // deno-lint-ignore no-control-regex -- what must not be in a line
  const odd = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
  const unit = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\n", "\r\n", "\u001b[31m", "\u2028", "\u202e", "\u0000", "\u009b2J"),
  );
  const told = fc.array(unit).map((parts) => parts.join(""));
  fc.assert(fc.property(told, told, fc.constantFrom("text", "json"), (message, value, format) => {
    const line = logLine({ time: START, level: "warn", message, fields: { sensor: value } as LogFields }, format);
    assert(line.endsWith("\n") && !odd.test(line.slice(0, -1)), JSON.stringify(line));
    if (format === "json") assertEquals(JSON.parse(line).level, "warn");
  }));
  assertEquals(
    logLine({ time: START, level: "info", message: "sensor a\n2026 ERROR forged\u001b[2J" }, "text"),
    "2026-01-02T03:04:05.678Z INFO  sensor a\\n2026 ERROR forged\\u001b[2J\n",
  );
});

Deno.test("logLine() hides secrets in sentences and fields", () => {
  const message = "postgres://me:hush@db/x refused; Authorization: Bearer hush.hush-hush; password=hush, " +
    '{"api_key": "hush"}, token: hush';
  const fields = { url: "mqtts://me:hush@h", password: "hush", note: "secret=hush", port: 1 };
  for (const format of ["text", "json"] as const) {
    const line = logLine({ time: START, level: "warn", message, fields }, format);
    assert(!line.includes("hush"), line);
    assertStringIncludes(line, "postgres://(hidden)@db/x refused");
  }
  const plain = "its token comes from DENO_KV_ACCESS_TOKEN; give it a password of its own";
  assertStringIncludes(logLine({ time: START, level: "warn", message: plain }, "text"), plain);
});

Deno.test("withLog() ends a JSON log with the error as an entry, and leaves it to the caller of a text log", async () => {
  const failing = () => Promise.reject(new CommandError("port 1 is taken"));
  assertEquals(await withLog({ logFormat: "json", logLevel: "error" }, failing), 1);
  const left = await withLog({ logFormat: "text", logLevel: "error" }, failing).catch((error) => error.message);
  assertEquals(left, "port 1 is taken");
});

Deno.test("start --log-format json says everything in JSON, on standard error alone", async () => {
  await using folder = new Folder();
  const args = [
    "start",
    "--data-dir",
    folder.at("data"),
    "--port",
    "0",
    "--scenario",
    "none",
    "--log-format",
    "json",
    "--log-level",
    "debug",
  ];
  await using program = new Program(args);
  await program.says(/the page is at/);
  program.signal("SIGTERM");
  const { code, out, error } = await within(program.ended, PATIENCE_MS, "an end");
  assertEquals([code, out], [0, ""]);
  const messages = error.trimEnd().split("\n").map((line) => JSON.parse(line).message);
  assertMatch(messages[0], /^Sensorium .* watches; the page is at http/);
  assertEquals(messages.slice(-2), ["ending: stopped by SIGTERM", "Sensorium has ended; everything is stored."]);
});
