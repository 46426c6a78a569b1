/**
 * Memory that is really in use: what is left after the garbage is gone.
 *
 * @module
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void; // a new context, for it gets the function of the flag

/** Bytes of objects and buffers that are still needed. Takes some ms. */
export function bytesInUse(): number {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
