/**
 * What comes out of a run, by the first parts of its keys in the store.
 *
 * @module
 */

/**
 * Outputs by kind. Who wrote them, when and in how many parts (fences, chains, snapshots, positions, which attempt to
 * register a model succeeded) is left out.
 */
export const OUTPUT_KINDS = [
  "window",
  "window_at",
  "readings",
  "alert",
  "alert_at",
  "transition",
  "quarantine",
  "model",
  "model_version",
  "federation_round",
] as const;

/** A model's version less what differs from one attempt to register it to the next: other values as they are. */
export function withoutAttempt(kind: unknown, value: unknown): unknown {
  return kind === "model_version" ? { ...value as object, created: 0, write: "" } : value;
}
