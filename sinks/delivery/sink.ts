/**
 * What a sink is to the delivery: something that takes batches of committed outputs, again and again if need be.
 *
 * @module
 */
import type { Batch, ItemKind } from "./item.ts";

/**
 * Where outputs are written beside the KV.
 *
 * Calls come one at a time. A batch may come again, as a whole or cut differently, and also after newer ones: what it
 * leaves behind must be the same (ids are stable, and a window has its revision, an alert its position).
 */
export interface DeliverySink {
  /** Stable and unique: its cursor is found under this name. Letters, digits, `-`, `_`, `.` and `:`. */
  readonly name: string;
  /** Which outputs it wants. */
  readonly wants: readonly ItemKind[];
  /** Items that one call takes at the most, at least 1. */
  readonly batchItems: number;
  /**
   * Called first, and again until it succeeds: connects and makes sure that everything is there.
   *
   * @throws {SinkUnavailableError} what is wrong and where, in one sentence without a secret
   */
  open(signal: AbortSignal): Promise<void>;
  /**
   * Writes the items; resolves when they are durable.
   *
   * @param signal aborted at the deadline: the call must not hold the connection any longer, it is given up
   * @throws {RefusedError} if the other side does not take these items, whatever is tried: they will be set aside
   * @throws {unknown} anything else: it is tried again later
   */
  deliver(batch: Batch, signal: AbortSignal): Promise<void>;
  /** Lets go of the connection. May come at any time, also twice. */
  close(): Promise<void>;
}

/** The other side cannot be reached, or lacks what it needs. The message is one sentence for a person, without a secret. */
export class SinkUnavailableError extends Error {
  override name = "SinkUnavailableError";
}

/** Items that are never taken. */
export class RefusedError extends Error {
  override name = "RefusedError";

  /**
   * @param message why, one sentence
   * @param refused places in the batch and why, where they are known: all others are written then. Without them nothing
   * of the batch is, and which items it was is found by halving.
   */
  constructor(message: string, readonly refused?: readonly { readonly index: number; readonly reason: string }[]) {
    super(message);
  }
}
