/**
 * The partitions of a savepoint's sensors: over several KV servers they say where a sensor's entries belong, and most of
 * these stand before its snapshot. So the file is read through once before it is read in.
 *
 * @module
 */
import { readMeta } from "../../actors/sensor/snapshot.ts";
import { KEYS } from "../keys.ts";
import { readSavepoint } from "./reader.ts";

/**
 * Partitions by sensor, of all that have a snapshot, or that nodes were told of. Memory: two names a sensor.
 *
 * @throws {SavepointError} if it is not whole: nothing was written yet
 */
export async function sensorsOfSavepoint(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Map<string, string>> {
  const partitions = new Map<string, string>(), [single] = KEYS.sensors(), [parts] = KEYS.sensorPartsAll();
  const [told] = KEYS.sensorsOf("");
  for await (const { key: [kind, name, whose, part], value } of readSavepoint(bytes)) {
    if (kind === told) partitions.set(String(whose), String(name)); // also of those that have no snapshot yet
    // A large snapshot is in parts; what is asked for stands at the beginning.
    if (!(value instanceof Uint8Array) || (kind !== single && (kind !== parts || part !== 0))) continue;
    partitions.set(String(name), readMeta(value).partition);
  }
  return partitions;
}
