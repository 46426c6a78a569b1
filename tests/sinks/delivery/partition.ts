/**
 * A partition's checkpoints as the outbox sees them, without the rest of a run.
 *
 * @module
 */
import type { CutOutputs } from "../../../actors/checkpoint.ts";
import type { Json } from "../../../actors/ports.ts";
import type { AlertTransition, ReadingView } from "../../../actors/views.ts";
import type { ItemKind } from "../../../sinks/delivery/item.ts";
import { KEYS } from "../../../store/keys.ts";
import type { KvPort } from "../../../store/kv.ts";
import type { KvOutbox } from "../../../store/outbox/outbox.ts";
import { OUTBOX_NAME, type Totals } from "../../../store/outbox/outbox.ts";
import { OutboxSink } from "../../../store/outbox/sink.ts";

/** First day of what is made up, 2026-03-01T00:00:00Z. */
export const FIRST_DAY = 1_772_323_200_000;
const ALL: ReadonlySet<ItemKind> = new Set<ItemKind>(["readings", "windows", "alerts"]);

/** The reading at a position: everything of it follows from the position. */
export function readingAt(partition: string, position: number, channels = 1): ReadingView {
  const sensor = `pump-${position % 5}`, values: Record<string, number> = { temperature: 20 + (position % 7) / 4 };
  for (let c = 1; c < channels; c++) values[`channel_${c}`] = position / (c + 1);
  const isAnomaly = position % 11 === 3;
  return {
    id: `${partition}/${position}/${sensor}`,
    sensor,
    time: FIRST_DAY + position * 1_000,
    values,
    is_anomaly: isAnomaly,
    flags: isAnomaly ? [{ detector: "limit", channel: "temperature" }] : [],
  };
}

/** The transition at a position: raised, and cleared 50 positions later. */
export function alertAt(partition: string, position: number): AlertTransition {
  const raised = position % 100 < 50 ? position : position - 50,
    alert = `${partition}:${raised}:pump-1:limit:temperature`;
  const transition = position % 100 < 50 ? "raised" : "cleared";
  return {
    id: `${alert}/${transition}`,
    alert,
    transition,
    sensor: "pump-1",
    type: "pump",
    location: "hall 2",
    condition: "limit",
    channel: "temperature",
    priority: "high",
    time: FIRST_DAY + position * 1_000,
    partition,
    position,
    value: 21.5,
    expected: [null, 21],
    message: "temperature of pump-1 is 21.5 °C, above its limit 21 °C",
  };
}

/** What comes out of positions from `from` on and below `cut`: a reading each, and now and then a window or an alert. */
export function outputsOf(partition: string, from: number, cut: number, channels = 1): CutOutputs {
  const positions = Array.from({ length: Math.max(0, cut - from) }, (_, i) => from + i);
  return {
    from,
    cut,
    rows: () => [],
    readings: () => positions.map((position) => readingAt(partition, position, channels)),
    windows: () =>
      positions.filter((position) => position % 60 === 59).map((position) => ({
        sensor: `pump-${position % 5}`,
        type: "pump",
        location: "hall 2",
        lengthMs: 60_000,
        hopMs: 60_000,
        start: FIRST_DAY + (position - 59) * 1_000,
        revision: 0,
        channels: ["temperature", "never seen"],
        statistics: new Float64Array([60, 20.5, 19, 22, 0.5, 2, 0, 0, 0, 0, 0, 0]),
      })),
    alerts: () => positions.filter((position) => position % 50 === 0).map((position) => alertAt(partition, position)),
    scored: () => [],
    about: () => ({ type: "pump", location: "hall 2" }),
  };
}

/** The owner of a partition, as far as its outputs go. */
export class FakePartition {
  private readonly sink: OutboxSink;
  private stored = 0;

  private constructor(
    private readonly kv: KvPort,
    readonly name: string,
    private readonly outbox: KvOutbox,
    private readonly channels: number,
  ) {
    this.sink = new OutboxSink({ outbox, partition: name, kinds: ALL });
  }

  /** Takes the partition over, from what is stored. */
  static async claim(kv: KvPort, name: string, outbox: KvOutbox, channels = 1): Promise<FakePartition> {
    const partition = new FakePartition(kv, name, outbox, channels);
    const { value } = await kv.get<{ cut: number; sinks: Record<string, Json> }>(KEYS.outputs(name));
    partition.stored = value?.cut ?? 0;
    await partition.sink.recover(value?.sinks[OUTBOX_NAME]);
    return partition;
  }

  /** All outputs of positions below this one are stored. */
  get cut(): number {
    return this.stored;
  }

  /** Puts what comes before `cut` into the outbox and stops there, as if the process were killed. */
  async putOnly(cut: number): Promise<Json> {
    return await this.sink.cut()(outputsOf(this.name, this.stored, cut, this.channels));
  }

  /** Puts half of the readings that come before `cut` there, as if the process were killed between two writes. */
  async putHalf(cut: number): Promise<void> {
    const { kv, outbox, name, stored } = this,
      { value } = await kv.get<{ sinks: Record<string, Totals> }>(KEYS.outputs(name));
    const readings = outputsOf(name, stored, cut, this.channels).readings(),
      stream = { partition: name, kind: "readings" } as const;
    const first = value?.sinks[OUTBOX_NAME].readings ?? 0;
    await outbox.put(stream, cut, stored, readings.slice(0, readings.length >> 1), first);
  }

  /** A whole checkpoint. */
  async commit(cut: number): Promise<void> {
    const state = await this.putOnly(cut);
    const value = { cut, sinks: { [OUTBOX_NAME]: state }, counts: {}, sourceTime: 0 };
    await this.kv.atomic().set(KEYS.outputs(this.name), value).commit();
    this.stored = cut;
    await this.sink.committed();
  }
}
