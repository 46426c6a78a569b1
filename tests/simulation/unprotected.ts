/**
 * Checkpoints with one guard taken away: what each of them is for.
 *
 * @module
 */
import type { CheckpointStore } from "../../actors/checkpoint.ts";
import { ALL_GUARDS } from "../../store/checkpoint/chain.ts";
import type { Protection } from "./history.ts";

/** Bytes of a snapshot's head; see `actors/sensor/snapshot.ts`. */
const HEAD_BYTES = 32;

/** The snapshot as if it did not say which events are in it already. */
function forgetApplied(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice(), view = new DataView(copy.buffer);
  view.setFloat64(HEAD_BYTES + 8 * Math.ceil(view.getUint32(8, true) / 8), 0, true);
  return copy;
}

function withoutApplied(store: CheckpointStore): CheckpointStore {
  return {
    claim: (partition) => store.claim(partition),
    snapshot: async (name) => {
      const bytes = await store.snapshot(name);
      return bytes && forgetApplied(bytes);
    },
    async *snapshots() {
      for await (const { name, bytes } of store.snapshots()) yield { name, bytes: forgetApplied(bytes) };
    },
  };
}

/** Each guard's absence, by the guard's name, in the weather that the guard is for. */
export const UNPROTECTED: Readonly<Record<string, Protection>> = {
  fence: {
    guards: { ...ALL_GUARDS, fence: false },
    weather: { perMille: 150, faults: ["freeze", "freeze", "death before", "death after"] },
  },
  chain: {
    guards: { ...ALL_GUARDS, chain: false },
    weather: { perMille: 200, faults: ["late", "late", "repeated", "repeated", "death after"] },
  },
  "order of the parts": { guards: { ...ALL_GUARDS, order: false } },
  "position of each actor": { guards: ALL_GUARDS, wrap: withoutApplied },
};
