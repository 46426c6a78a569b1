/**
 * A source over a list of readings, for tests that make their own.
 *
 * @module
 */
import type { Chunk, Source, SourcePartition } from "../../actors/ports.ts";
import type { Reading, Refusal } from "../../actors/reading.ts";

/** Item `i` stands at position `i`; an absent one leaves a hole. Handed out in one chunk: the batch size cuts it. */
export class ItemsSource implements Source {
  readonly name = "items";

  constructor(
    private readonly items: readonly (Reading | Refusal | undefined)[],
    private readonly partition = "items-0",
  ) {}

  open(): Promise<readonly SourcePartition[]> {
    return Promise.resolve([{ id: this.partition, read: (from) => this.#read(from) }]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *#read(from: number): AsyncGenerator<Chunk> {
    const kept = this.items.map((item, position) => ({ item, position }))
      .filter(({ item, position }) => item !== undefined && position >= from);
    yield await Promise.resolve({
      kind: "readings",
      items: kept.map(({ item }) => item as Reading | Refusal),
      positions: kept.map(({ position }) => position),
      next: this.items.length,
    });
  }
}
