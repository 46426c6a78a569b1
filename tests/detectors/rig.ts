/**
 * Readings through the product's own shard, with models trained as live ones are; every verdict can be read.
 *
 * @module
 */
import type { z } from "zod";
import type { ShardMessage, ShardOutput, ShardReply } from "../../actors/batch.ts";
import { type Judging, judgingSchema } from "../../actors/config.ts";
import type { Detector } from "../../actors/detectors.ts";
import type { NewModel } from "../../actors/model_registry.ts";
import type { Reading } from "../../actors/reading.ts";
import { InlineHost, type ShardHost } from "../../actors/runtime/host.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import { VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "../../actors/sensor/verdict.ts";
import { viewVerdict } from "../../actors/sensor/view.ts";
import type { AlertTransition, ReadingView } from "../../actors/views.ts";
import { hasFlag } from "../../actors/detectors.ts";
import { modelsOver, PATIENT, type RunOptions, runSource } from "../actors/harness.ts";
import { ItemsSource } from "../actors/items.ts";
import { MemoryKv } from "../memory_kv.ts";

/** What is judged, and how. */
export interface RigOptions extends RunOptions {
  readonly partition?: string;
  /** Models that are there from the beginning, by their names. */
  readonly registered?: Readonly<Record<string, NewModel>>;
}

/** What came of readings. */
export class Judged {
  /** Of each reading the buffer with its verdict, and where it lies; undefined for one that was not accepted. */
  private readonly places: { readonly array: Float64Array; readonly at: number; readonly shard: number }[] = [];
  /** Channels of each shard's plans. */
  private readonly plans: (readonly string[])[][] = [];
  /** Transitions of alerts, in order. */
  readonly alerts: AlertTransition[] = [];
  digest = "";
  supervisor!: Supervisor;

  constructor(readonly readings: readonly (Reading | undefined)[]) {}

  /** Takes in what a shard gave out. */
  add(shard: number, { verdicts, plans, alerts }: ShardOutput): void {
    for (const { number, channels } of plans) (this.plans[shard] ??= [])[number] = channels;
    for (let at = 0; at < verdicts.length; at += VERDICT_HEAD + verdicts[at + VERDICT.channels] * VERDICT_CHANNEL) {
      this.places[verdicts[at + VERDICT.position]] = { array: verdicts, at, shard };
    }
    this.alerts.push(...alerts.map(({ transition }) => transition));
  }

  /** Whether the reading was accepted, and not too late. */
  has(i: number): boolean {
    return this.places[i] !== undefined;
  }

  /** A number of a reading's verdict; see `VERDICT`. */
  number(i: number, place: number): number {
    const { array, at } = this.places[i];
    return array[at + place];
  }

  /** What a detector's score is; NaN where it said nothing or has none. */
  score(i: number, { score }: Detector): number {
    return score === undefined ? NaN : this.number(i, score);
  }

  /** Whether a detector flagged a reading, of any channel. */
  flagged(i: number, detector: Detector): boolean {
    const { array, at } = this.places[i], channels = array[at + VERDICT.channels];
    if (detector.judges === "sensor") return hasFlag(detector, array, at);
    return Array.from({ length: channels }, (_, c) => c).some((c) => hasFlag(detector, array, at, c));
  }

  /** How anomalous a detector finds a reading: its score where it has one, else its flag. */
  strength(i: number, detector: Detector): number {
    return detector.score === undefined ? Number(this.flagged(i, detector)) : this.score(i, detector);
  }

  /** A reading as the API shows it. */
  view(i: number): ReadingView {
    const { array, at, shard } = this.places[i], name = this.readings[i]?.sensor ?? "";
    return viewVerdict({ name, partition: "items-0" }, this.plans[shard][array[at + VERDICT.plan]], array, at);
  }
}

/** Judges readings in their order; an absent one leaves a hole. */
export async function judge(readings: readonly (Reading | undefined)[], options: RigOptions = {}): Promise<Judged> {
  const judged = new Judged(readings), { registered = {}, kv = new MemoryKv(), partition, ...rest } = options;
  const { registry } = modelsOver(kv, PATIENT);
  for (const [name, model] of Object.entries(registered)) await registry.register(name, model);
  const { digest, supervisor } = await runSource(new ItemsSource(readings, partition), {
    keepHistory: false,
    storeWindows: false,
    wanted: { verdicts: true, flags: false, history: false },
    feedReadings: 0,
    ...rest,
    kv,
    host: (parts, shard): ShardHost => {
      const host = new InlineHost(parts);
      return {
        depth: 0,
        room: () => host.room(),
        close: () => host.close(),
        send: async <M extends ShardMessage>(message: M): Promise<ShardReply<M>> => {
          const reply = await host.send(message);
          if (message.kind === "batch" || message.kind === "end") judged.add(shard, reply as ShardOutput);
          return reply;
        },
      };
    },
  });
  judged.digest = digest;
  judged.supervisor = supervisor;
  return judged;
}

/** A configuration of which only what matters is said. */
export function judging(more: z.input<typeof judgingSchema> = {}): Judging {
  return judgingSchema.parse(more);
}

/** Area under the ROC curve: probability that a positive is ranked above a negative, ties counting half. */
export function rocAuc(positives: readonly number[], negatives: readonly number[]): number {
  const all = [...positives.map((score) => ({ score, label: 1 })), ...negatives.map((score) => ({ score, label: 0 }))]
    .sort((a, b) => a.score - b.score);
  let sum = 0;
  for (let i = 0; i < all.length;) {
    let j = i;
    while (j < all.length && all[j].score === all[i].score) j++;
    const rank = (i + 1 + j) / 2; // of all that are equal
    for (; i < j; i++) sum += all[i].label * rank;
  }
  const { length: n } = positives;
  return (sum - n * (n + 1) / 2) / (n * negatives.length);
}
