/**
 * The files sink: the readings of a partition in files of a given number of records, and a manifest of them.
 *
 *     stream_batch_0.json         a JSON array of records, one a line
 *     stream_batch_1.json.part    the batch under way: the same text as far as it has come
 *     stream_manifest.json        what the whole batches hold, see `manifest.ts`
 *
 * A batch is written to its `.part` file at each checkpoint and renamed when it is whole; then the manifest names it. So a
 * kill leaves whole batches only, and the manifest never names one that is not there. How long the `.part` file was is
 * stored with the checkpoint's outputs: a restart cuts off what came after, gets those records again, and ends up with the
 * same bytes. A batch that was whole already when it comes again stays as it is, with the time when it was created.
 *
 * Records that were not accepted are counted in the batch under way; they themselves are in quarantine. A reading that its
 * actor sets aside later (too late for any window, a channel too many) is in the batch, and in quarantine. The newest
 * batches are kept; older ones are removed and counted.
 *
 * @module
 */
import { z } from "zod";
import type { CommitSink } from "../actors/checkpoint.ts";
import type { Clock, Json } from "../actors/ports.ts";
import { isRefusal, type Reading, type Refusal } from "../actors/reading.ts";
import { join } from "../std/path.ts";
import { isInjected, recordText, type ToRecord } from "./batch_text.ts";
import { type Disk, SinkError, systemDisk } from "./disk.ts";
import {
  type BatchEntry,
  batchFile,
  batchIndex,
  emptyManifest,
  type Manifest,
  MANIFEST_FILE,
  readManifest,
  writeManifest,
} from "./manifest.ts";

/** What a files sink is made with. */
export interface FilesSinkOptions {
  /** Of its own: two partitions do not share one. */
  readonly folder: string;
  readonly partition: string;
  /** Records of a batch, 1 to 100,000; only the last one has fewer. */
  readonly records: number;
  /** Default: the canonical shape. */
  readonly toRecord?: ToRecord;
  /** Batches that stay in the folder, at least 1; default {@linkcode KEPT_BATCHES}. */
  readonly kept?: number;
  readonly clock: Clock;
  /** Told a line for each batch saved, after the manifest names it; one that comes again after a crash may be told twice. */
  readonly log?: (line: string) => void;
  readonly disk?: Disk;
}

/** Batches that stay in a folder where nothing else is said. */
const KEPT_BATCHES = 10_000;
/** Greatest number of records of a batch. */
export const MOST_RECORDS = 100_000;

const count = z.number().int().min(0);
const stateSchema = z.object({
  /** Number of the batch under way. */
  index: count,
  /** Bytes of its `.part` file. */
  length: count,
  records: count,
  injected: count,
  refused: count,
  /** Least and greatest event time, epoch ms. */
  first: z.number().nullable(),
  last: z.number().nullable(),
  /** Sums over the whole batches before. */
  done: z.object({ records: count, injected: count, refused: count }),
});
/** What is found again after a crash. */
type State = z.infer<typeof stateSchema>;

const NOTHING = { length: 0, records: 0, injected: 0, refused: 0, first: null, last: null };
/** Bytes that a record counts for beside its text. */
const RECORD_BYTES = 64;
const encoder = new TextEncoder();

/** A record that waits for the next cut; null if it was not accepted. */
type Waiting = { readonly text: string; readonly time: number; readonly injected: boolean } | null;

/** Writes batches. One for each partition. */
export class FilesSink implements CommitSink {
  readonly name = "files";
  private readonly disk: Disk;
  private state: State = { index: 0, ...NOTHING, done: { records: 0, injected: 0, refused: 0 } };
  private manifest: Manifest;
  private waiting: Waiting[] = [];
  /** Batches whose place in the manifest is not written yet. */
  private fresh: BatchEntry[] = [];

  /** @throws {RangeError} if `records` or `kept` is out of range */
  constructor(private readonly options: FilesSinkOptions) {
    const { partition, records, kept = KEPT_BATCHES, disk = systemDisk } = options;
    if (!(Number.isInteger(records) && records >= 1 && records <= MOST_RECORDS)) {
      throw new RangeError(`a batch must have 1 to ${MOST_RECORDS} records, not ${records}`);
    }
    if (!(Number.isInteger(kept) && kept >= 1)) throw new RangeError(`at least 1 batch must be kept, not ${kept}`);
    this.disk = disk;
    this.manifest = emptyManifest(partition, records);
  }

  /** @throws {SinkError} if the folder is another partition's, or does not hold what the state says */
  async recover(state: Json | undefined): Promise<void> {
    const { disk, options: { folder, partition, records, log } } = this;
    if (state !== undefined) this.state = stateSchema.parse(state);
    await disk.makeFolder(folder);
    const found = await readManifest(disk, folder);
    if (found && found.partition !== partition) {
      throw new SinkError(`cannot write batches of ${partition} to ${folder}: it holds those of ${found.partition}`);
    }
    const names = await disk.list(folder), isEmpty = !found && !names.some((name) => batchIndex(name));
    if (found) this.manifest = { ...found, batch_records: records };
    const isAhead = this.manifest.before.batches > this.state.index; // of a run that was given up
    if (isEmpty || isAhead) {
      this.manifest.before = { batches: this.state.index, ...this.state.done };
      this.manifest.batches = [];
    }
    if (isAhead) await this.forgetFrom(this.state.index);
    const listed = this.manifest.before.batches + this.manifest.batches.length;
    if (listed < this.state.index) {
      throw new SinkError(
        `cannot go on writing batches to ${folder}: ${this.state.index} were written and its manifest knows of ${listed}; ` +
          "put the folder back, choose an empty one, or begin anew",
      );
    }
    if (isEmpty && this.state.length > 0) {
      log?.(
        `${folder} is new: batch ${this.state.index} begins here, ${this.state.records} of its records are elsewhere`,
      );
      this.state = { ...this.state, ...NOTHING };
    }
    await this.restorePart();
    await this.tidy(await disk.list(folder));
    await this.removeOld();
  }

  take(item: Reading | Refusal, _position: number, accepted: boolean): number {
    if (!accepted || isRefusal(item)) {
      this.waiting.push(null);
      return RECORD_BYTES;
    }
    const text = recordText(item, this.options.toRecord);
    this.waiting.push({ text, time: item.time, injected: isInjected(item) });
    return RECORD_BYTES + text.length;
  }

  cut(ended: boolean): () => Promise<Json> {
    const { waiting } = this;
    this.waiting = [];
    return () => this.keep(waiting, ended);
  }

  /** The batches that only older states needed may go. */
  async committed(): Promise<void> {
    await this.removeOld();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async keep(waiting: readonly Waiting[], ended: boolean): Promise<Json> {
    const { records } = this.options;
    let text: string[] = [];
    for (const record of waiting) {
      if (record) text.push(this.add(record));
      else this.state.refused++;
      if (this.state.records >= records) { // more only where an earlier run had larger batches
        await this.finish(text);
        text = [];
      }
    }
    if (ended && this.state.records + this.state.refused > 0) await this.finish(text);
    else if (text.length > 0) await this.writePart(text);
    if (this.fresh.length > 0) await this.announce();
    if (ended) await this.forgetLater();
    return { ...this.state };
  }

  /** Counts a record; returns its text in the file. */
  private add({ text, time, injected }: NonNullable<Waiting>): string {
    const { state } = this;
    const before = state.records++ === 0 ? "[\n" : ",\n";
    if (injected) state.injected++;
    state.first = Math.min(state.first ?? time, time);
    state.last = Math.max(state.last ?? time, time);
    return before + text;
  }

  private async writePart(text: readonly string[]): Promise<void> {
    const { state } = this, bytes = encoder.encode(text.join(""));
    await this.disk.write(this.partPath(state.index), state.length, [bytes]);
    state.length += bytes.length;
  }

  /** The batch under way is whole: it takes its place, and the next one begins. */
  private async finish(text: readonly string[]): Promise<void> {
    const { state } = this, { index, records, injected, refused, first, last, done } = state;
    await this.writePart([...text, records === 0 ? "[]\n" : "\n]\n"]);
    const sha256 = await this.hash(this.partPath(index));
    const created = new Date(await this.place(index, sha256)).toISOString();
    const entry: BatchEntry = {
      file: batchFile(index),
      records,
      injected,
      refused,
      created,
      first_event_time: first === null ? null : new Date(first).toISOString(),
      last_event_time: last === null ? null : new Date(last).toISOString(),
      sha256,
    };
    this.fresh.push(entry);
    this.manifest.batches[index - this.manifest.before.batches] = entry;
    this.state = { index: index + 1, ...NOTHING, done: sumOf(done, entry) };
  }

  /** Gives the whole batch its name, unless it has it already; returns when it was created, epoch ms. */
  private async place(index: number, sha256: string): Promise<number> {
    const { disk, options: { clock } } = this, path = this.path(batchFile(index));
    const there = await disk.look(path), known = this.manifest.batches[index - this.manifest.before.batches];
    if (there && await this.hash(path) === sha256) {
      await disk.remove(this.partPath(index));
      return known?.sha256 === sha256 ? Date.parse(known.created) : there.changed;
    }
    if (there || known) await this.forgetFrom(index); // of another run: the manifest must not name what is replaced
    await disk.rename(this.partPath(index), path);
    return clock.now();
  }

  /** Takes batches from `index` on out of the manifest, then away. */
  private async forgetFrom(index: number): Promise<void> {
    const { disk, manifest, options: { folder } } = this;
    manifest.batches.length = index - manifest.before.batches;
    await writeManifest(disk, folder, manifest);
    for (const name of await disk.list(folder)) {
      const batch = batchIndex(name);
      if (batch && !batch.isPart && batch.index >= index) await disk.remove(this.path(name));
    }
  }

  /** At the end: what follows the last batch is of a run that was given up. */
  private async forgetLater(): Promise<void> {
    const { manifest, state: { index } } = this;
    if (manifest.before.batches + manifest.batches.length > index) await this.forgetFrom(index);
  }

  /** Writes the manifest, and a line for each batch that is new in it. */
  private async announce(): Promise<void> {
    const { disk, manifest, options: { folder, log } } = this;
    await writeManifest(disk, folder, manifest);
    for (const { file, records, injected, refused, first_event_time: first, last_event_time: last } of this.fresh) {
      const period = first === null ? "" : `, ${first} to ${last}`;
      log?.(`batch saved: ${file}, ${records} records, ${injected} injected, ${refused} refused${period}`);
    }
    this.fresh = [];
  }

  /** Brings the `.part` file to where it was at the cut; if it got its name since, from there. */
  private async restorePart(): Promise<void> {
    const { disk, state: { index, length, records } } = this, part = this.partPath(index);
    if (length === 0) return;
    const size = (await disk.look(part))?.size ?? 0;
    if (size >= length) {
      if (size > length) await disk.write(part, length, []);
      return;
    }
    const whole = await disk.read(this.path(batchFile(index)));
    if (!whole || whole.length < length) {
      throw new SinkError(
        `cannot go on writing batches to ${this.options.folder}: ${records} records of batch ${index} are missing in ` +
          `${part}; put the file back, choose an empty folder, or begin anew`,
      );
    }
    await disk.write(`${part}.new`, 0, [whole.subarray(0, length)]);
    await disk.rename(`${part}.new`, part);
  }

  /** Removes what a kill left half done. */
  private async tidy(names: readonly string[]): Promise<void> {
    const { manifest, state, disk } = this;
    for (const name of names) {
      const batch = batchIndex(name.replace(/\.new$/, ""));
      const isDraft = name.endsWith(".new") && (batch !== undefined || name === `${MANIFEST_FILE}.new`);
      const isOtherPart = batch?.isPart && (batch.index !== state.index || state.length === 0);
      const isGone = batch && !batch.isPart && batch.index < manifest.before.batches;
      if (isDraft || isOtherPart || isGone) await disk.remove(this.path(name));
    }
  }

  /** Removes the oldest batches beyond those that are kept; none that may come again. */
  private async removeOld(): Promise<void> {
    const { disk, manifest, state, options: { folder, kept = KEPT_BATCHES } } = this;
    const over = Math.min(manifest.batches.length - kept, state.index - manifest.before.batches);
    if (over <= 0) return;
    const old = manifest.batches.splice(0, over);
    for (const entry of old) {
      manifest.before = { batches: manifest.before.batches + 1, ...sumOf(manifest.before, entry) };
    }
    await writeManifest(disk, folder, manifest);
    for (const { file } of old) await disk.remove(this.path(file));
  }

  private async hash(path: string): Promise<string> {
    const bytes = await this.disk.read(path);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes ?? new Uint8Array(0)));
    return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  private path(name: string): string {
    return join(this.options.folder, name);
  }

  private partPath(index: number): string {
    return this.path(`${batchFile(index)}.part`);
  }
}

function sumOf(a: State["done"], b: State["done"]): State["done"] {
  return { records: a.records + b.records, injected: a.injected + b.injected, refused: a.refused + b.refused };
}
