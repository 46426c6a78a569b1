/**
 * What is written down before outputs are: that there may be some from here on, and which models they came out under.
 *
 * @module
 */
import type { TrainingRecord } from "../../actors/training/training.ts";
import { keyBytes } from "../bytes.ts";
import { KEYS } from "../keys.ts";
import type { Mutation } from "./chain.ts";
import { pack, type Packed, packedBytes } from "./packed.ts";

/** Which models came into use, as it is stored before anything that came out under them. */
export interface TrainedValue {
  /** Outputs before this position may be there. */
  readonly at: number;
  readonly record: Packed<TrainingRecord>;
}

/** How far outputs have begun, as an owner of a partition writes it. */
export class Begun {
  private through = -1;

  /** @param to position up to which they have begun when the partition is taken over */
  constructor(private readonly partition: string, private to: number) {}

  /** What says that there may be outputs before `position`; it never takes back what was said. */
  mutations(position: number, training?: TrainingRecord): Mutation[] {
    const { partition } = this, to = this.to = Math.max(this.to, position);
    const begun = { key: KEYS.outputsBegun(partition), value: to, bytes: keyBytes(partition) };
    const { through = -1 } = training ?? {};
    if (training === undefined || through <= this.through) return [begun];
    this.through = through; // if this write fails there is none after it
    return [begun, trainedRecord(partition, position, training)];
  }
}

function trainedRecord(partition: string, at: number, training: TrainingRecord): Mutation {
  const value: TrainedValue = { at, record: pack(training) };
  return { key: KEYS.trained(partition), value, bytes: keyBytes(partition) + packedBytes(value.record) };
}
