/**
 * `deno task replay`: runs recorded readings through the sensors, and says what came of it.
 *
 * @module
 */
import { hashText } from "../models/hash.ts";
import { join, resolve } from "../std/path.ts";
import type { Reading } from "../actors/reading.ts";
import { LOCAL_KAFKA } from "./kafka/settings.ts";
import { EXIT, UsageError } from "./process/errors.ts";
import { withLog } from "./process/log.ts";
import { stopSignal } from "./process/signals.ts";
import { oldFlags, sourceFiles } from "./replay/old_names.ts";
import { injected, recordingOf } from "./replay/recording.ts";
import { runReplay } from "./replay/run.ts";
import { sendAll, sendTarget } from "./replay/send.ts";
import { command, type ReplaySettings } from "./replay/settings.ts";
import { readSettings } from "./settings/settings.ts";

/** Readings of a batch that is sent, where nobody says. */
const SENT_TOGETHER = 1000;
/** Below this folder every replay has a data directory of its own. */
const REPLAYS = ".sensorium/replays";

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns 0 once the input has ended, or after a graceful stop
 */
export async function replay(args: readonly string[]): Promise<number> {
  const read = await readSettings(command, [...oldFlags(), ...args]);
  const given = { ...read, positional: sourceFiles(read.positional) }, stop = stopSignal();
  try {
    const to = given.values.to ?? (given.values.useKafka ? LOCAL_KAFKA : undefined);
    if (to !== undefined) return await send(given, to, stop.signal);
    const dataDir = given.values.dataDir ?? defaultDataDir(given);
    if (given.values.fresh && given.values.kv !== undefined) {
      throw new UsageError("--fresh begins anew in the data directory's own KV alone: give it another --kv instead");
    }
    return await withLog(given.values, (log) => runReplay(given, dataDir, { stop, log }));
  } finally {
    stop.release();
  }
}

/** Sends the recording to Kafka or MQTT, a batch at a time. */
async function send(given: ReplaySettings, to: string, signal: AbortSignal): Promise<number> {
  const source = await recordingOf(given, SENT_TOGETHER);
  // Records that a mapping describes keep their shape: who reads the topic reads it with the same mapping.
  const toRecord = given.values.mapping === undefined
    ? undefined
    : (reading: Reading) => source.toRecord(reading) ?? reading;
  const { target, place } = await sendTarget(to, given.values, { toRecord, signal });
  const { readings, refused } = await sendAll(injected(source, given), target, signal);
  const left = refused === 0 ? "" : `, ${refused.toLocaleString("en")} records were none`;
  console.log(`${readings.toLocaleString("en")} readings to ${place}${left}${signal.aborted ? ", stopped" : ""}`);
  return EXIT.done;
}

/** A folder that the same files find again. */
function defaultDataDir({ positional }: ReplaySettings): string {
  const paths = positional.map((path) => resolve(path)), last = paths[0].split(/[/\\]/).at(-1) ?? "file";
  const name = last.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 40);
  return join(REPLAYS, `${name}-${hashText(paths.join("\n")).toString(16).padStart(8, "0")}`);
}
