/**
 * The federation's store, which also puts every round into the outbox: for sinks that keep models.
 *
 * @module
 */
import type { Contribution } from "../../actors/federation/round.ts";
import type {
  DeviceUpdate,
  FederationStore,
  GroupState,
  RoundRecord,
  UpdateAnswer,
} from "../../actors/federation/port.ts";
import { decodeWeights } from "../../actors/federation/weights.ts";
import type { DeliverySink } from "../../sinks/delivery/sink.ts";
import { roundItems } from "../../sinks/delivery/models.ts";
import type { KvOutbox } from "../../store/outbox/outbox.ts";
import type { EngineModels } from "./engine_options.ts";
import type { Outlets } from "./outlets.ts";

/** What the link is made with. */
export interface RoundOutletOptions {
  readonly store: FederationStore;
  readonly outbox: Pick<KvOutbox, "append">;
  /** The weights of a version of a global network. */
  readonly weightsOf: (model: string, version: number) => Promise<Float32Array>;
}

/**
 * A round goes into the outbox before it is kept: one that a crash cut off is made again, and comes again under the same
 * ids. The record that is kept once more with what was compared is not sent again.
 */
class RoundOutlet implements FederationStore {
  /** One at a time: numbers in the outbox follow each other. */
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly options: RoundOutletOptions) {}

  /** @param contributions the networks that went into it; a record that is kept once more comes without, and is not sent */
  async putRound(record: RoundRecord, contributions?: readonly Contribution[]): Promise<void> {
    if (contributions !== undefined) {
      const turn = this.last.then(() => this.send(record, contributions));
      this.last = turn.catch(() => {}); // whoever waits for this one is told
      await turn;
    }
    await this.options.store.putRound(record);
  }

  rounds(group: string, limit: number, before?: number): Promise<RoundRecord[]> {
    return this.options.store.rounds(group, limit, before);
  }

  groups(): Promise<GroupState[]> {
    return this.options.store.groups();
  }

  group(group: string): Promise<GroupState | undefined> {
    return this.options.store.group(group);
  }

  putUpdate(update: DeviceUpdate, inUse?: number): Promise<UpdateAnswer> {
    return this.options.store.putUpdate(update, inUse);
  }

  takeUpdates(group: string, round: number): Promise<DeviceUpdate[]> {
    return this.options.store.takeUpdates(group, round);
  }

  private async send(record: RoundRecord, contributions: readonly Contribution[]): Promise<void> {
    const { outbox, weightsOf } = this.options, { model, version } = record;
    const weights = await weightsOf(model, version);
    const { local, global } = roundItems(contributions, { weights, record }, version);
    await outbox.append("local_models", local);
    await outbox.append("global_models", [global]);
  }
}

/**
 * What an engine keeps rounds in, so that sinks which want models get them; nothing where none does.
 *
 * @param outlets asked for once rounds are made: they are put together after the engine
 */
export function roundOutlet(
  sinks: readonly Pick<DeliverySink, "wants">[],
  outlets: () => Pick<Outlets, "outbox">,
): ((models: EngineModels) => FederationStore) | undefined {
  if (!sinks.some(({ wants }) => wants.includes("global_models"))) return undefined;
  return ({ federation, registry }) =>
    new RoundOutlet({
      store: federation,
      outbox: { append: (kind, items) => outlets().outbox.append(kind, items) },
      weightsOf: async (model, version) => decodeWeights(await registry.bytes(model, version)).weights,
    });
}
