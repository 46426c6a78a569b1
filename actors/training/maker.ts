/**
 * Makes versions of models that several sensors share, and registers them.
 *
 * @module
 */
import { PARTICIPANTS_LEAST } from "../../models/federation/aggregate.ts";
import { hashText } from "../../models/hash.ts";
import type { ModelFamily } from "../batch.ts";
import type { Judging } from "../config.ts";
import { groupOfModel, networkModel } from "../federation/group.ts";
import { makeRound } from "../federation/round.ts";
import { decodeWeights } from "../federation/weights.ts";
import { ModelRuleError, type ModelVersion, type NewModel, NoModelError } from "../model_registry.ts";
import type { LocalNetwork } from "../sensor/network.ts";
import { forestDrift, forestModel, type ForestSample, type ModelDrift } from "./forest_model.ts";
import { comparedRecord, contributionsTo, roundModel } from "./round_model.ts";
import type { SampleRow } from "./sample.ts";
import type { TrainingPorts } from "./training.ts";

/** What a round of networks is made of. */
export interface RoundMembers {
  readonly group: string;
  /** In order of name. */
  readonly channels: readonly string[];
  readonly members: readonly LocalNetwork[];
  /** The round before, where there was one: the latest version. */
  readonly parent?: number;
  /** The version in use. */
  readonly inUse?: number;
  readonly method: Judging["federation"]["method"];
  /** Until when it was learnt, for a person. */
  readonly until: string;
  /** Event time of the epoch's end. */
  readonly time: number;
}

/** Makes the models of one partition, or those that all share. */
export class ModelMaker {
  /** @param scope the partition, or `SHARED` of `epochs.ts` */
  constructor(private readonly scope: string, private readonly ports: TrainingPorts) {}

  /** The model's name in the registry. */
  name(family: ModelFamily, group: string): string {
    return modelName(this.scope, family, group);
  }

  /** Grows a group's forest; its version. */
  async forest(
    group: string,
    sample: Pick<ForestSample, "channels" | "rows" | "fresh" | "parent">,
    until: string,
  ): Promise<number> {
    const name = this.name("forest", group), version = (sample.parent ?? 0) + 1;
    const data = `readings of ${group} in ${this.scope} before ${until}`;
    return (await this.register(name, forestModel({ name, version, data, ...sample }))).version;
  }

  /** How far what a forest is given now is from what the version in use was trained on. */
  async drift(
    group: string,
    version: number | undefined,
    channels: readonly string[],
    rows: readonly SampleRow[],
  ): Promise<ModelDrift | undefined> {
    const known = version === undefined
      ? undefined
      : await this.ports.registry.version(this.name("forest", group), version);
    return known && forestDrift(known, channels, rows);
  }

  /** Averages networks; the version, undefined if too few take part. */
  async round(
    { group, channels, members, parent, inUse, method, until, time }: RoundMembers,
  ): Promise<number | undefined> {
    const { federation } = this.ports, name = this.name("network", group), round = (parent ?? 0) + 1;
    const shared = groupOfModel(name) ?? group, [first] = members;
    const [before, devices] = await Promise.all([
      inUse === undefined ? undefined : this.weights(name, inUse),
      federation?.takeUpdates(shared, round) ?? [],
    ]);
    if (first === undefined || channels.length === 0 || members.length + devices.length < PARTICIPANTS_LEAST) {
      return undefined;
    }
    const contributions = contributionsTo(members, devices);
    const outcome = makeRound({
      group: shared,
      round,
      time,
      method,
      weightCount: first.weights.length,
      ...(before ? { before } : {}),
      contributions,
    });
    if (!outcome) return undefined;
    const data = `networks of ${group} in ${this.scope} before ${until}`;
    const { version } = await this.register(name, roundModel(outcome, data, channels, parent));
    if (federation && parent !== undefined) {
      const [last] = await federation.rounds(shared, 1), compared = last && comparedRecord(last, members);
      if (compared) await federation.putRound(compared);
    }
    await federation?.putRound({ ...outcome.record, version }, contributions);
    return version;
  }

  /** Weights of a version; undefined where it is not kept any more. */
  private async weights(name: string, version: number): Promise<Float32Array | undefined> {
    try {
      return decodeWeights(await this.ports.registry.bytes(name, version)).weights;
    } catch (error) {
      if (error instanceof NoModelError) return undefined;
      throw error;
    }
  }

  /** Keeps a version under its number; where another one has it, as after an import, under the next. */
  private async register(name: string, model: NewModel): Promise<ModelVersion> {
    try {
      return await this.ports.registry.register(name, model);
    } catch (error) {
      if (!(error instanceof ModelRuleError)) throw error;
      const { version: _, ...next } = model;
      return await this.ports.registry.register(name, next);
    }
  }
}

/** Characters of a model's name behind its family. */
const NAME_MOST = 110;

/** Name in the registry of the model that a group shares. @param scope its partition, or `SHARED` of `epochs.ts` */
export function modelName(scope: string, family: ModelFamily, group: string): string {
  if (family === "logistic") return group;
  const whole = `${scope}/${group}`;
  const short = whole.length <= NAME_MOST ? whole : `${whole.slice(0, NAME_MOST - 9)}~${hashText(whole).toString(16)}`;
  return family === "network" ? networkModel(short) : `forest:${short}`;
}
