/**
 * The log of requests at a node of a group, which is opened when the first request needs it: such a node starts without
 * the KV server where that log is.
 *
 * @module
 */
import type { LogIntake } from "../../actors/log.ts";
import { PIECE_BYTES, type ReadingLog } from "./log.ts";

/** What is asked of it. */
export type RequestLog = Pick<LogIntake, "request" | "append" | "pieceBytes"> & Pick<ReadingLog, "forget">;

/** The log that `open` opens; where that fails it is tried again with the next request. */
export function lateLog(open: () => Promise<ReadingLog>): RequestLog {
  let opened: Promise<ReadingLog> | undefined;
  const log = () =>
    opened ??= open().catch((error) => {
      opened = undefined;
      throw error;
    });
  return {
    pieceBytes: PIECE_BYTES,
    request: async (key) => await (await log()).request(key),
    append: async (pieces, request) => await (await log()).append(pieces, request),
    forget: async () => await (await log()).forget(),
  };
}
