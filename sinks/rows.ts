/**
 * The rows sink: closed windows and flagged values as rows of text in one file, see `actors/sensor/rows.ts`.
 *
 * Shards write the rows; this appends them. How long the file was at a cut is stored with the checkpoint's outputs, and a
 * restart cuts off what came after: each row is there once, in order of position.
 *
 * @module
 */
import { z } from "zod";
import type { CommitSink, CutOutputs } from "../actors/checkpoint.ts";
import type { Json } from "../actors/ports.ts";
import { dirname } from "../std/path.ts";
import { type Disk, SinkError, systemDisk } from "./disk.ts";

const stateSchema = z.object({ length: z.number().int().min(0) });

/** Appends rows to a file. One for each partition. */
export class RowsSink implements CommitSink {
  readonly name = "rows";
  /** Bytes of the file up to the last cut. */
  private length = 0;

  /** @param path of the file; what it holds at a first run is replaced */
  constructor(private readonly path: string, private readonly disk: Disk = systemDisk) {}

  /** @throws {SinkError} if the file is shorter than it was */
  async recover(state: Json | undefined): Promise<void> {
    const { disk, path } = this;
    await disk.makeFolder(dirname(path));
    if (state === undefined) return await disk.write(path, 0, []);
    this.length = stateSchema.parse(state).length;
    const size = (await disk.look(path))?.size ?? 0;
    if (size < this.length) {
      throw new SinkError(
        `cannot go on writing rows to ${path}: it has ${size} bytes and must have at least ${this.length}; put it ` +
          "back, or begin anew",
      );
    }
    if (size > this.length) await disk.write(path, this.length, []);
  }

  cut(): (outputs: CutOutputs) => Promise<Json> {
    return async ({ rows }) => {
      const pieces = rows();
      if (pieces.length > 0) await this.disk.write(this.path, this.length, pieces);
      this.length += pieces.reduce((sum, piece) => sum + piece.length, 0);
      return { length: this.length };
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
