/**
 * No log of readings: a node of a group reads from Kafka alone, and starts without the server of the log.
 *
 * @module
 */
import { LogError, type LogPort } from "../../actors/log.ts";
import { PIECE_BYTES } from "./log.ts";

/** Nothing is in it, and nothing can be put there. */
export const NO_LOG: LogPort & { readonly backlogBytes: number } = {
  partitions: 1,
  pieceBytes: PIECE_BYTES,
  backlogBytes: 0,
  isFull: true,
  room: () => Promise.resolve(),
  request: () => Promise.reject(new LogError("This process takes no readings over HTTP.")),
  append: () => Promise.reject(new LogError("This process takes no readings over HTTP.")),
  async *read() {},
  end: () => 0,
  least: () => 0,
  released: () => Promise.resolve(),
  keep: () => Promise.resolve(),
};
