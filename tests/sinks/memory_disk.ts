/**
 * Files in memory that die at a chosen step: before it, after it, or in the middle of a write.
 *
 * @module
 */
import type { Disk } from "../../sinks/disk.ts";

/** The process is dead; nothing works any more. */
export class Died extends Error {
  override name = "Died";
}

/** How a step is cut short. */
export type Death = { readonly step: number; readonly when: "before" | "midway" | "after" };

interface MemoryFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly changed: number;
}

/** The files, which outlive the process. */
export class MemoryFiles {
  readonly files = new Map<string, MemoryFile>();
  /** Time of changes; counts them. */
  time = Date.parse("2026-01-01T00:00:00Z");

  /** The files as a process sees them that dies at `death`, if given. */
  disk(death?: Death): MemoryDisk {
    return new MemoryDisk(this, death);
  }

  /** A file's text. */
  text(path: string): string {
    const file = this.files.get(path);
    if (!file) throw new Error(`${path} is not there`);
    return new TextDecoder().decode(file.bytes);
  }
}

/** What one process sees of them. */
export class MemoryDisk implements Disk {
  /** Steps so far that change something. */
  steps = 0;
  private isDead = false;

  constructor(private readonly owner: MemoryFiles, private readonly death?: Death) {}

  makeFolder(): Promise<void> {
    return Promise.resolve();
  }

  async list(folder: string): Promise<string[]> {
    await this.alive();
    return [...this.owner.files.keys()].filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1)).sort();
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    await this.alive();
    return this.owner.files.get(path)?.bytes.slice();
  }

  async look(path: string): Promise<{ size: number; changed: number } | undefined> {
    await this.alive();
    const file = this.owner.files.get(path);
    return file && { size: file.bytes.length, changed: file.changed };
  }

  write(path: string, offset: number, pieces: readonly Uint8Array[]): Promise<void> {
    const old = this.owner.files.get(path)?.bytes ?? new Uint8Array(0),
      length = pieces.reduce((n, p) => n + p.length, 0);
    if (old.length < offset) throw new Error(`a hole in ${path}: ${old.length} bytes, written at ${offset}`);
    const put = (upTo: number, size: number) => {
      const bytes = new Uint8Array(size);
      bytes.set(old.subarray(0, Math.min(old.length, size)));
      let at = offset;
      for (const piece of pieces) {
        const part = piece.subarray(0, Math.max(0, offset + upTo - at));
        bytes.set(part, at);
        at += part.length;
      }
      this.owner.files.set(path, { bytes, changed: this.owner.time++ });
    };
    const half = length >> 1; // what stood behind is still there
    return this.step(() => put(length, offset + length), () => put(half, Math.max(old.length, offset + half)));
  }

  rename(from: string, to: string): Promise<void> {
    return this.step(() => {
      const file = this.owner.files.get(from);
      if (!file) throw new Error(`${from} is not there`);
      this.owner.files.set(to, file);
      this.owner.files.delete(from);
    });
  }

  remove(path: string): Promise<void> {
    return this.step(() => this.owner.files.delete(path));
  }

  private async step(act: () => void, half: () => void = () => {}): Promise<void> {
    await this.alive();
    const { death } = this;
    if (this.steps++ !== death?.step) return act();
    this.isDead = true;
    if (death.when === "after") act();
    if (death.when === "midway") half();
    throw new Died("died");
  }

  private alive(): Promise<void> {
    return this.isDead ? Promise.reject(new Died("dead")) : Promise.resolve();
  }
}
