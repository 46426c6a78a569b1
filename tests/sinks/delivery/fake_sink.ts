/**
 * A sink in memory that does what a test wants.
 *
 * @module
 */
import { Waiters } from "../../../actors/waiters.ts";
import type { Batch, Item, ItemKind } from "../../../sinks/delivery/item.ts";
import type { DeliverySink } from "../../../sinks/delivery/sink.ts";

/** Remembers what it was given. */
export class FakeSink implements DeliverySink {
  /** Every item that it took, in order, and again when it came again. */
  readonly taken: Item[] = [];
  /** Sizes of the batches. */
  readonly sizes: number[] = [];
  calls = 0;
  opened = 0;
  closed = 0;
  /** What happens to the next calls: throw to refuse them. */
  behave: (batch: Batch, signal: AbortSignal) => void | Promise<void> = () => {};
  private readonly waiters = new Waiters();

  constructor(readonly name: string, readonly wants: readonly ItemKind[] = ["readings"], readonly batchItems = 100) {}

  open(): Promise<void> {
    this.opened++;
    return Promise.resolve();
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    this.calls++;
    this.waiters.wake();
    await this.behave(batch, signal);
    this.sizes.push(batch.items.length);
    this.taken.push(...batch.items);
    this.waiters.wake();
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }

  /** Resolves once there were so many calls. */
  async called(calls: number): Promise<void> {
    while (this.calls < calls) await this.waiters.wait();
  }

  /** Resolves once it took so many items. */
  async took(items: number): Promise<void> {
    while (this.taken.length < items) await this.waiters.wait();
  }

  /** Ids in the order in which they came. */
  get ids(): string[] {
    return this.taken.map(({ id }) => id);
  }
}
