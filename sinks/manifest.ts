/**
 * The manifest of a folder of batches: what whole batches there are, and what is in each.
 *
 * @module
 */
import { z } from "zod";
import { join } from "../std/path.ts";
import { type Disk, SinkError } from "./disk.ts";

/** Name of the manifest in its folder. */
export const MANIFEST_FILE = "stream_manifest.json";

const count = z.number().int().min(0);
const countsSchema = z.object({ records: count, injected: count, refused: count });

// Fields come in this order, of a manifest that was read as of one that was made.
const entrySchema = z.object({
  file: z.string(),
  ...countsSchema.shape,
  created: z.iso.datetime(),
  first_event_time: z.iso.datetime().nullable(),
  last_event_time: z.iso.datetime().nullable(),
  sha256: z.string().length(64),
});

const manifestSchema = z.object({
  version: z.literal(1),
  partition: z.string(),
  batch_records: count,
  before: z.object({ batches: count, ...countsSchema.shape }),
  batches: z.array(entrySchema),
});

/** One batch. Times are ISO 8601; those of events are the least and the greatest, null in a batch without records. */
export type BatchEntry = z.infer<typeof entrySchema>;
/** All batches of a folder, in order; `before` counts those that were here earlier, or are in another folder. */
export type Manifest = z.infer<typeof manifestSchema>;

/** Name of a batch's file, from 0. */
export function batchFile(index: number): string {
  return `stream_batch_${index}.json`;
}

/** Number of the batch that a file, whole or under way (`.part`), belongs to; undefined for any other file. */
export function batchIndex(name: string): { readonly index: number; readonly isPart: boolean } | undefined {
  const match = /^stream_batch_(0|[1-9]\d{0,14})\.json(\.part)?$/.exec(name);
  return match ? { index: Number(match[1]), isPart: match[2] !== undefined } : undefined;
}

/** The manifest of a folder that has none. */
export function emptyManifest(partition: string, batchRecords: number): Manifest {
  const before = { batches: 0, records: 0, injected: 0, refused: 0 };
  return { version: 1, partition, batch_records: batchRecords, before, batches: [] };
}

/**
 * Reads a folder's manifest; undefined if there is none.
 *
 * @throws {SinkError} if it cannot be understood
 */
export async function readManifest(disk: Disk, folder: string): Promise<Manifest | undefined> {
  const path = join(folder, MANIFEST_FILE), bytes = await disk.read(path);
  if (!bytes) return undefined;
  let record: unknown;
  try {
    record = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    record = undefined;
  }
  const result = manifestSchema.safeParse(record);
  if (result.success) return result.data;
  throw new SinkError(`cannot write batches to ${folder}: ${path} is no manifest of version 1; choose another folder`);
}

/** Replaces a folder's manifest: a kill leaves the old one or the new one. */
export async function writeManifest(disk: Disk, folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST_FILE);
  const { batches, ...rest } = manifestSchema.parse(manifest);
  const head = JSON.stringify(rest).slice(0, -1), lines = batches.map((entry) => `\n  ${JSON.stringify(entry)}`);
  const text = `${head},"batches":[${lines.join()}${lines.length > 0 ? "\n" : ""}]}\n`;
  await disk.write(`${path}.new`, 0, [new TextEncoder().encode(text)]);
  await disk.rename(`${path}.new`, path);
}
