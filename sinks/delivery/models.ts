/**
 * A round of the federation as items for sinks.
 *
 * @module
 */
import type { Contribution, RoundOutcome } from "../../actors/federation/round.ts";
import type { GlobalModelItem, LocalModelItem } from "./item.ts";

/** The networks that went into a round, and the one that came out. */
export interface RoundItems {
  readonly local: readonly LocalModelItem[];
  readonly global: GlobalModelItem;
}

/**
 * Makes the items of a round, to be put into the outbox once it is registered.
 *
 * @param contributions what went into it
 * @param version of the global network in the registry
 */
export function roundItems(
  contributions: readonly Contribution[],
  { weights, record }: RoundOutcome,
  version: number,
): RoundItems {
  const { group, round, time, model, participant_count, readings, loss } = record;
  const stem = [group, round].map(encodeURIComponent).join("/");
  return {
    local: contributions.map(({ id, kind, readings, loss, weights }): LocalModelItem => ({
      id: `${stem}/${kind}/${encodeURIComponent(id)}`,
      group,
      participant: id,
      kind,
      round,
      time,
      readings,
      loss: finite(loss),
      weights: short(weights),
    })),
    global: {
      id: stem,
      group,
      round,
      time,
      model,
      version,
      participant_count,
      readings,
      loss: finite(loss),
      weights: short(weights),
    },
  };
}

function finite(loss: number | undefined): number | null {
  return loss !== undefined && Number.isFinite(loss) ? loss : null;
}

/** Weights in as many digits as bring a Float32 back: half the text of a double's. */
function short(weights: ArrayLike<number>): number[] {
  return Array.from(weights, (weight) => Number(weight.toPrecision(9)));
}
