/**
 * What a replay keeps between runs: the files' identities, how long they turned out to be, anchors.
 *
 * @module
 */
import { z } from "zod";
import { type Json, SourceError, type SourceMemory } from "../actors/ports.ts";
import type { Mark } from "./file_text.ts";
import { identify } from "./text/identity.ts";

const count = z.number().int().min(0);
const markSchema = z.strictObject({ position: count, rows: count });

const recordSchema = z.strictObject({
  version: z.literal(1),
  /** What changes the readings themselves: reading on under other options would not give the same ones. */
  options: z.string(),
  files: z.array(z.strictObject({
    path: z.string(),
    size: count,
    sha256: z.string(),
    /** Length of the decompressed text and its number of records, once it was read to the end. */
    end: markSchema.optional(),
    /** Places on the way, so that rows need not be counted from the beginning. */
    marks: z.array(markSchema),
  })),
  /** `stamp: "now"`: the clock's time that the first reading's time stands for. */
  anchor: z.strictObject({ wall: z.number(), event: z.number() }).optional(),
  /** How far each loop shifts times, ms. */
  loop: z.strictObject({ shiftMs: z.number() }).optional(),
});

type MemoryRecord = z.infer<typeof recordSchema>;

/** Bytes of text between two marks. */
const MARK_BYTES = 256 * 2 ** 20;

/** The record of one replay, checked against the files as they are now. */
export class ReplayMemory {
  private constructor(private readonly memory: SourceMemory, private readonly record: MemoryRecord) {}

  /**
   * Loads the record, or begins one.
   *
   * @param options as text; compared as such
   * @throws {SourceError} if a file is not what it was, or is read in another way than before
   */
  static async open(memory: SourceMemory, paths: readonly string[], options: string): Promise<ReplayMemory> {
    const files = [];
    for (const path of paths) files.push({ path, ...await identify(path), marks: [] });
    const stored = await memory.load();
    if (stored === undefined) {
      const replay = new ReplayMemory(memory, { version: 1, options, files });
      await replay.#save();
      return replay;
    }
    const parsed = recordSchema.safeParse(stored);
    if (!parsed.success) {
      throw new SourceError(
        "cannot go on with this replay: another version of the program began it; begin anew with --fresh",
      );
    }
    const record = parsed.data;
    checkFiles(record.files, files);
    if (record.options !== options) {
      throw new SourceError(
        "cannot go on with this replay: it was begun with other options for what is read; use those, or begin anew with --fresh",
      );
    }
    return new ReplayMemory(memory, record);
  }

  #save(): Promise<void> {
    return this.memory.save(JSON.parse(JSON.stringify(this.record)) as Json);
  }

  /** Sum of the files' sizes on the disk, and of those before `file`. */
  sizes(): readonly number[] {
    return this.record.files.map((file) => file.size);
  }

  /** Where a file ends, if that is known by now. */
  end(file: number): Mark | undefined {
    return this.record.files[file].end;
  }

  /** The last known place in a file at or before `position`. */
  markBefore(file: number, position: number): Mark {
    return this.record.files[file].marks.findLast((mark) => mark.position <= position) ?? { position: 0, rows: 0 };
  }

  /** Notes how far a file was read; saved now and then, and at its end. */
  async passed(file: number, mark: Mark, ended: boolean): Promise<void> {
    const one = this.record.files[file];
    if (ended && one.end === undefined) one.end = mark;
    else if (!ended && mark.position >= (one.marks.at(-1)?.position ?? 0) + MARK_BYTES) one.marks.push(mark);
    else return;
    await this.#save();
  }

  /** The anchor of stamps; given once. */
  get anchor(): { readonly wall: number; readonly event: number } | undefined {
    return this.record.anchor;
  }

  /** Records the anchor of stamps. */
  async setAnchor(wall: number, event: number): Promise<void> {
    this.record.anchor = { wall, event };
    await this.#save();
  }

  /** How far each loop shifts times, ms. */
  get shiftMs(): number | undefined {
    return this.record.loop?.shiftMs;
  }

  /** Records the shift of a loop. */
  async setShift(shiftMs: number): Promise<void> {
    this.record.loop = { shiftMs };
    await this.#save();
  }
}

function checkFiles(
  stored: MemoryRecord["files"],
  now: readonly { path: string; size: number; sha256: string }[],
): void {
  if (stored.length !== now.length) {
    throw new SourceError(
      `cannot go on with this replay: it was begun with ${stored.length} files, not ${now.length}; begin anew with --fresh`,
    );
  }
  for (const [i, file] of now.entries()) {
    if (stored[i].size === file.size && stored[i].sha256 === file.sha256) continue;
    throw new SourceError(
      `cannot go on with this replay: ${file.path} is not the file that it was begun with (${stored[i].path}, ${
        stored[i].size
      } bytes); begin anew with --fresh`,
    );
  }
}
