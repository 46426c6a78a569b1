/**
 * A sensor actor: the state of one sensor, what it shares with its kind, and its last readings.
 *
 * @module
 */
import type { Lives } from "../alerts/lives.ts";
import type { History } from "./history.ts";
import type { Plan } from "./plan.ts";

/** What came out of a round. */
export interface GlobalNetwork {
  readonly version: number;
  readonly weights: Float32Array;
}

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
  /** What detectors have learnt; empty where rules alone judge. */
  floats: Float32Array;
  /** Its conditions that are not quiet; mostly there are none. */
  lives?: Lives;
  /** The network that its group shares; absent before the first round. Set by the shard. */
  global?: GlobalNetwork;
  /** Absent where no history is kept. */
  history?: History;
}
