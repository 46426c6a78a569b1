/**
 * `deno task doctor`: looks at a running instance, and says what is wrong and what to do.
 *
 * It changes nothing. What it looks at: probes, metrics, versions, clocks, disk, keys, configuration.
 *
 * @module
 */
import { statfs } from "node:fs/promises";
import { z } from "zod";
import { budgetSchema } from "../actors/config.ts";
import { join } from "../std/path.ts";
import { lockState } from "../store/lock.ts";
import { diagnose, type Evidence } from "./doctor/diagnosis.ts";
import type { Finding } from "./doctor/finding.ts";
import { KV_FILE } from "./instance/database.ts";
import { EXIT } from "./process/errors.ts";
import { type Instance, readInstance } from "./instance/instance.ts";
import { toggle } from "./settings/setting.ts";
import { type Command, COMMON, readSettings } from "./settings/settings.ts";
import { VERSION } from "./process/version.ts";

const settings = {
  dataDir: COMMON.dataDir,
  kv: COMMON.kv,
  json: toggle({ fallback: false, help: "write the findings as JSON" }),
};

const command: Command<typeof settings> = {
  name: "doctor",
  summary: "Looks at a running instance, and says what is wrong and what to do.",
  settings,
  examples: [
    { line: "deno task doctor", does: "look at the instance of .sensorium" },
    { line: "deno task doctor --json", does: "the same for a program" },
  ],
  notes: ["Exit code 1 if something is bad; warnings alone leave it at 0."],
};

/** Longest time for one answer, ms. */
const ANSWER_MS = 5_000;
/** Keys that expire within so long are named, ms. */
const SOON_MS = 14 * 86_400_000;

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns 0 if nothing is bad, else 1
 */
export async function doctor(args: readonly string[]): Promise<number> {
  const { values } = await readSettings(command, args);
  const findings = diagnose(await examine(values.dataDir, values.kv));
  console.log(values.json ? JSON.stringify({ findings }, null, 2) : findings.map(say).join("\n"));
  return findings.some(({ level }) => level === "bad") ? EXIT.failed : EXIT.done;
}

function say({ level, about, seen, todo }: Finding): string {
  const head = `${{ ok: "ok  ", warn: "WARN", bad: "BAD " }[level]}  ${about}: ${seen}`;
  return todo === undefined ? head : `${head}\n      ${todo}`;
}

/** Looks at everything; what cannot be seen is left out. */
async function examine(dataDir: string, kv?: string): Promise<Evidence> {
  const held = await lockState(dataDir) === "held", instance = held ? await readInstance(dataDir) : undefined;
  const disk = { freeBytes: await freeBytes(dataDir), storeBytes: await storeBytes(kv ?? join(dataDir, KV_FILE)) };
  const seen = { dataDir, held, ownVersion: VERSION, ...disk };
  return instance === undefined ? seen : { ...seen, url: instance.url, ...await ask(instance) };
}

async function ask(instance: Instance): Promise<Partial<Evidence>> {
  const live = await get(instance, "/livez");
  if (live === undefined) return {};
  const [ready, metrics, config, keys] = await Promise.all(
    ["/readyz", "/metrics", "/config", "/admin/keys"].map((path) => get(instance, path)),
  );
  const samples = metrics?.status === 200 ? samplesOf(metrics.text) : undefined;
  const clock = samples?.get("sensorium_clock_seconds");
  return {
    version: z.object({ version: z.string() }).catch({ version: "unknown" }).parse(parsed(live)).version,
    ready: readyOf(ready),
    metrics: samples,
    clockAhead: clock === undefined || metrics === undefined ? undefined : clock - metrics.at / 1000,
    settings: settingsOf(config),
    budget: budgetOf(config),
    keys: keysOf(keys),
  };
}

interface Answered {
  readonly status: number;
  readonly text: string;
  /** This machine's clock halfway through, epoch ms. */
  readonly at: number;
}

/** What a path answers; undefined where nothing does. */
async function get({ url, token }: Instance, path: string): Promise<Answered | undefined> {
  const begun = Date.now();
  try {
    const answer = await fetch(url + path, {
      headers: { authorization: `Bearer ${token}` },
      redirect: "error", // the token is for this address alone
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const at = (begun + Date.now()) / 2;
    return { status: answer.status, text: await answer.text(), at };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

function parsed(answer: Answered | undefined): unknown {
  try {
    return answer === undefined ? undefined : JSON.parse(answer.text);
  } catch {
    return undefined;
  }
}

function readyOf(answer: Answered | undefined): Evidence["ready"] {
  const result = z.object({ reasons: z.array(z.string()) }).safeParse(parsed(answer));
  return result.success ? { ready: answer?.status === 200, reasons: result.data.reasons } : undefined;
}

function settingsOf(answer: Answered | undefined): Evidence["settings"] {
  const schema = z.object({ settings: z.record(z.string(), z.object({ value: z.unknown() })) });
  const result = schema.safeParse(parsed(answer));
  if (!result.success) return undefined;
  return Object.fromEntries(Object.entries(result.data.settings).map(([name, { value }]) => [name, value]));
}

function budgetOf(answer: Answered | undefined): Evidence["budget"] {
  const result = z.object({ judging: z.object({ budget: budgetSchema }) }).safeParse(parsed(answer));
  return result.success ? result.data.judging.budget : undefined;
}

function keysOf(answer: Answered | undefined): Evidence["keys"] {
  const schema = z.object({ items: z.array(z.object({ name: z.string(), expires: z.iso.datetime().optional() })) });
  const result = schema.safeParse(parsed(answer));
  if (!result.success) return undefined;
  const isEnding = (expires?: string) => expires !== undefined && Date.parse(expires) - Date.now() < SOON_MS;
  const { items } = result.data;
  return { count: items.length, ending: items.filter(({ expires }) => isEnding(expires)).map(({ name }) => name) };
}

/** The samples of a page of metrics, by name with labels. */
export function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    const space = line.lastIndexOf(" ");
    if (space > 0 && !line.startsWith("#")) samples.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return samples;
}

async function freeBytes(dataDir: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(dataDir);
    return bavail * bsize;
  } catch {
    return undefined; // a data directory that is not there yet, or a system that does not tell
  }
}

async function storeBytes(path: string): Promise<number | undefined> {
  if (/^https?:/.test(path)) return undefined;
  let bytes = 0;
  for (const ending of ["", "-shm", "-wal"]) {
    bytes += await Deno.stat(path + ending).then(({ size }) => size, () => 0);
  }
  return bytes;
}
