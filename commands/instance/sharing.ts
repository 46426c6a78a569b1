/**
 * The models that partitions share over all nodes: what each partition sees of them, and the lease under which one node
 * trains them.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Judging } from "../../actors/config.ts";
import type { Clock } from "../../actors/ports.ts";
import type { FederationStore } from "../../actors/federation/port.ts";
import { EpochTrainer } from "../../actors/training/epoch_trainer.ts";
import type { Epochs } from "../../actors/training/epochs.ts";
import { EpochBell } from "../../store/epochs/bell.ts";
import { KvEpochBook } from "../../store/epochs/book.ts";
import { KvEpochs } from "../../store/epochs/epochs.ts";
import { fencedKv } from "../../store/nodes/fenced_kv.ts";
import type { FleetKv } from "../../store/nodes/fleet.ts";
import type { KvPort } from "../../store/kv.ts";
import { Lease } from "../../store/nodes/lease.ts";
import { KvModelRegistry } from "../../store/registry.ts";

/** Which partitions share their models, and how. */
export interface SharingOptions {
  /** Whether a partition of this id does. */
  readonly includes: (partition: string) => boolean;
  /** All that do, as far as they are known; whoever runs them. */
  readonly partitions: () => readonly string[];
  /** Longest wait of a partition for what comes of an epoch, ms. */
  readonly waitMs: number;
  /** Told what went wrong in training; it is tried again. */
  readonly report?: (error: unknown) => void;
}

/** What the sharing is made of. */
export interface SharingParts {
  readonly kv: KvPort;
  /** The KV servers; absent where the store is this process's alone. */
  readonly fleet?: FleetKv;
  /** Where rounds are kept. */
  readonly federation: FederationStore;
  /** What is configured now. */
  readonly judging: () => Judging;
  readonly clock: Clock;
  readonly freshId: () => string;
  /** Name of this node. */
  readonly node?: string;
  /** Told when the lease was taken, or lost. */
  readonly leased?: (line: string) => void;
}

/** Models shared over nodes. */
export interface Sharing {
  readonly epochs: Epochs;
  /** Trains, whenever this node holds the lease, until the signal. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** Time before training is tried again where it failed, and between two looks, ms. */
const LOOK_MS = 5_000;
/** Least time between two copyings, ms. */
const COPY_MS = 1_000;

/** Opens it over a store. */
export function openSharing(options: SharingOptions, parts: SharingParts): Sharing {
  const { kv, fleet, clock, freshId } = parts, { waitMs, includes } = options;
  const brought = new EpochBell(clock, "brought"), trained = new EpochBell(clock, "trained");
  const lease = fleet && leaseOf(fleet, parts), fenced = lease ? fencedKv(kv, lease) : kv;
  // A round is kept after its network, so nobody else's can be: it needs no fence of its own.
  const ports = { registry: new KvModelRegistry(fenced, { clock, freshId }), federation: parts.federation };
  const book = new KvEpochBook(kv, fenced, trained, freshId, fleet);
  const trainer = new EpochTrainer(book, ports, { ...options, judging: parts.judging, clock });
  const told = (error: unknown) => {
    if (!(error instanceof StoreAwayError)) options.report?.(error);
  };
  const train = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      const { rings } = brought;
      try {
        while (!signal.aborted && await trainer.next());
      } catch (error) {
        told(error);
        await clock.sleep(LOOK_MS / 5, signal).catch(() => {});
      }
      await brought.wait(rings, LOOK_MS, signal);
    }
  };
  // Beside the training: no epoch waits until the one before is copied, and of a backlog's not each is copied.
  const copy = async (from: FleetKv, signal: AbortSignal) => {
    for (let copied = -1; !signal.aborted;) {
      const { rings } = trained;
      if (copied !== rings && await from.copyModels().catch(told)) copied = rings;
      await clock.sleep(COPY_MS, signal).catch(() => {});
      await trained.wait(rings, LOOK_MS, signal);
    }
  };
  const work = async (signal: AbortSignal) => {
    await Promise.all([train(signal), ...(fleet ? [brought.follow(fleet, signal), copy(fleet, signal)] : [])]);
  };
  return {
    epochs: new KvEpochs(kv, { clock, brought, trained, includes, waitMs }),
    run: async (signal) => {
      await Promise.all([lease ? lease.run(signal, work) : work(signal), fleet && trained.follow(fleet, signal)]);
    },
  };
}

function leaseOf(fleet: FleetKv, { clock, node = "unnamed", leased, freshId }: SharingParts): Lease {
  return new Lease(fleet, { clock, name: "training", node, id: freshId(), ...(leased ? { report: leased } : {}) });
}
