/**
 * `deno task fuzz`: a real instance is asked everything that its document knows, right and wrong, and is sent readings
 * that are none; whether it answers as documented, loses nothing, and lives.
 *
 * @module
 */
import { z } from "zod";
import { wholeNumber } from "../../commands/settings/setting.ts";
import { type Command, readSettings } from "../../commands/settings/settings.ts";
import { Random } from "../../models/random.ts";
import type { OpenApiDocument } from "../../routes/openapi.ts";
import { ask, Folder, startInstance, until } from "../process.ts";
import { isReading, linesFrom } from "./malformed.ts";
import { fuzzRequests } from "./requests.ts";
import { program } from "../../tools/program.ts";

const settings = {
  requests: wholeNumber({ min: 0, max: 10_000_000, fallback: 10_000, help: "requests made from the document" }),
  readings: wholeNumber({ min: 0, max: 100_000_000, fallback: 1_000_000, help: "lines that are nearly readings" }),
  seed: wholeNumber({ min: 0, max: 2 ** 31 - 1, fallback: 1, help: "what everything is made from" }),
};

const command: Command<typeof settings> = {
  name: "fuzz",
  summary: "Asks a real instance what is right and what is wrong, and says whether it answers as documented.",
  settings,
  examples: [{ line: "deno task fuzz --requests 10000 --readings 1000000", does: "about a quarter of an hour" }],
};

const summarySchema = z.object({
  partitions: z.array(
    z.object({ partition: z.string(), readings: z.number(), refused: z.number(), future: z.number() }),
  ),
});
const takenSchema = z.object({ accepted: z.number(), rejected: z.number() });
const instanceSchema = z.object({ token: z.string() });
/** Lines of one body: about 90 KB. */
const LINES = 1_000;
/** Sensors that the requests may name. */
const NAMES = ["a", "a/b ü%2F", "parts", "room a/b", "1"];

/** Sends lines; how many were accepted and refused, and how many are readings by the definition alone. */
async function sendMalformed(url: string, count: number, seed: number) {
  const random = new Random(seed), sums = { sent: 0, accepted: 0, rejected: 0, good: 0 };
  for (let from = 0; from < count; from += LINES) {
    const { lines, body } = linesFrom(random, from, Math.min(LINES, count - from));
    const headers = { "content-type": "application/x-ndjson" };
    const answer = await fetch(`${url}/readings`, { method: "POST", headers, body: new Uint8Array(body) });
    const { accepted, rejected } = takenSchema.parse(await answer.json());
    sums.sent += lines.length;
    sums.accepted += accepted;
    sums.rejected += rejected;
    sums.good += lines.filter(isReading).length;
  }
  return sums;
}

/** What the instance has counted of its readings over HTTP. */
async function counted(url: string): Promise<{ readings: number; aside: number }> {
  const { partitions } = await ask(`${url}/summary`, summarySchema);
  const own = partitions.filter(({ partition }) => partition.startsWith("http-"));
  return {
    readings: own.reduce((sum, { readings }) => sum + readings, 0),
    aside: own.reduce((sum, { refused, future }) => sum + refused + future, 0),
  };
}

async function main(args: readonly string[]): Promise<number> {
  const { values: { requests, readings, seed } } = await readSettings(command, args), failures: string[] = [];
  await using folder = new Folder();
  const dataDir = folder.at("data");
  const { program, url } = await startInstance(["--scenario", "none", "--port", "0", "--data-dir", dataDir]);
  await using _ = program;

  const begun = performance.now(), sums = await sendMalformed(url, readings, seed);
  const seconds = Math.round((performance.now() - begun) / 1000), { sent, accepted, rejected, good } = sums;
  const done = await until("every reading that was accepted is counted", async () => {
    const now = await counted(url);
    return now.readings + now.aside >= accepted ? now : undefined;
  }, 600_000);
  console.log(
    `${sent} lines in ${seconds} s: ${accepted} accepted, ${rejected} refused, ${sent - accepted - rejected} lost`,
  );
  console.log(`of those accepted ${done.readings} went to their sensors, ${done.aside} to quarantine`);
  if (accepted !== good) failures.push(`${accepted} were accepted, but ${good} are readings`);
  if (accepted + rejected !== sent) failures.push("some were lost");
  if (done.readings + done.aside !== accepted) failures.push("some were counted twice, or not at all");

  const named = NAMES.map((sensor) => JSON.stringify({ sensor, time: "2026-01-31T12:00:00Z", values: { t: 1 } }));
  const headers = { "content-type": "application/x-ndjson" };
  await (await fetch(`${url}/readings`, { method: "POST", headers, body: named.join("\n") })).body?.cancel();
  const document: OpenApiDocument = await (await fetch(`${url}/openapi.json`)).json();
  const { token } = instanceSchema.parse(JSON.parse(await Deno.readTextFile(`${dataDir}/instance.json`)));
  const outcome = await fuzzRequests(
    document,
    ({ method, target, headers, body }) =>
      fetch(url + target, {
        method,
        body,
        headers: { authorization: `Bearer ${token}`, ...headers },
        redirect: "manual",
      }),
    requests,
    seed,
  );
  const statuses = [...outcome.statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  const operations = Object.values(document.paths).flatMap((methods) => Object.keys(methods)).length;
  console.log(`${outcome.requests} requests: ${statuses.join(", ")}`);
  console.log(`${outcome.reached.size} of ${operations} operations did what they are for`);
  failures.push(...outcome.wrong);
  if ((await fetch(`${url}/livez`).catch(() => undefined))?.status !== 200) {
    failures.push("it does not answer any more");
  }
  for (const line of program.said.split("\n").filter((line) => /error|Error|panic/.test(line)).slice(0, 20)) {
    failures.push(`it said: ${line}`);
  }
  for (const failure of failures) console.log(`WRONG: ${failure}`);
  return failures.length === 0 ? 0 : 1;
}

await program(main);
