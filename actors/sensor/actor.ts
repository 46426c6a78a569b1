/**
 * A sensor actor: the state of one sensor, what it shares with its kind, and its last readings.
 *
 * @module
 */
import type { History } from "./history.ts";
import type { Plan } from "./layout.ts";

/** One sensor in memory. Its transition is in `transition.ts`; nothing else changes it. */
export interface SensorActor {
  /** Index in the shard's outputs and the supervisor's directory. */
  readonly id: number;
  readonly name: string;
  readonly partition: string;
  location?: string;
  /** Number of the location among those of its shard, −1 for none: what outputs say instead of the name. */
  place: number;
  plan: Plan;
  state: Float64Array;
  /** Absent where no history is kept. */
  history?: History;
}
