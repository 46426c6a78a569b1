/**
 * A round of a group's networks: who brings what, the network that comes out as the registry keeps it, and how it did.
 *
 * @module
 */
import { hashText } from "../../models/hash.ts";
import { Network } from "../../models/network/network.ts";
import type { DeviceUpdate, RoundRecord } from "../federation/port.ts";
import type { Contribution, RoundOutcome } from "../federation/round.ts";
import { encodeWeights } from "../federation/weights.ts";
import type { NewModel } from "../model_registry.ts";
import type { LocalNetwork } from "../sensor/network.ts";
import { groupFeatures } from "../shared_models.ts";

/** What sensors and devices outside bring. */
export function contributionsTo(members: readonly LocalNetwork[], devices: readonly DeviceUpdate[]): Contribution[] {
  return [
    ...members.map(({ sensor, readings, loss, weights }): Contribution => {
      return { id: sensor, kind: "sensor", readings, loss, weights };
    }),
    ...devices.map(({ device, readings, loss, weights }): Contribution => {
      return { id: device, kind: "device", readings, loss, weights };
    }),
  ];
}

/**
 * The network of a round.
 *
 * @param data where its readings come from, for a person
 * @param channels of the group, in order of name
 */
export function roundModel(
  { weights, record }: RoundOutcome,
  data: string,
  channels: readonly string[],
  parent: number | undefined,
): NewModel {
  const { group, round, method, norm, participant_count, readings } = record;
  return {
    kind: "network",
    scope: "global",
    version: round,
    bytes: encodeWeights({
      group,
      round,
      shapes: new Network(channels.length).shapes,
      form: { inputs: groupFeatures(channels), channels: [...channels] },
      weights,
    }),
    metrics: { norm, participants: participant_count },
    lineage: {
      data,
      rows: readings,
      configuration: { method },
      seed: hashText(group),
      ...(parent === undefined ? {} : { parent }),
    },
  };
}

/** A record with how its network did on readings that nobody had learnt from; undefined where nobody has compared it. */
export function comparedRecord(record: RoundRecord, members: readonly LocalNetwork[]): RoundRecord | undefined {
  const seen = members.flatMap(({ validated }) => validated ?? []).filter(({ version }) => version === record.version);
  if (seen.length === 0) return undefined;
  // The median: a single spike among the first readings would speak for all.
  const middle = (of: "global" | "local") => seen.map((one) => one[of]).sort((a, b) => a - b)[(seen.length - 1) >> 1];
  return { ...record, validation_loss: middle("global"), local_loss: middle("local") };
}
