/**
 * One sensor actor in hand: events go in one by one, what came out can be read.
 *
 * @module
 */
import type { Judging } from "../../../actors/config.ts";
import type { SensorActor } from "../../../actors/sensor/actor.ts";
import { History } from "../../../actors/sensor/history.ts";
import { emptyFloats, emptyState } from "../../../actors/sensor/state.ts";
import { makePlan, type Plan } from "../../../actors/sensor/plan.ts";
import { Outputs, WINDOW_CHANNEL, WINDOW_HEAD, WINDOW_RECORD } from "../../../actors/sensor/outputs.ts";
import { conclude } from "../../../actors/sensor/conclude.ts";
import { VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "../../../actors/sensor/verdict.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../actors/sensor/snapshot.ts";
import { input } from "../../../actors/sensor/write_down.ts";
import { takeEnd, takeTick } from "../../../actors/sensor/tick.ts";
import { takeReading } from "../../../actors/sensor/transition.ts";
import type { NaiveEvent, NaiveWindow } from "./naive.ts";

/** The actor, and what it gave out. */
export class ActorInHand {
  actor: SensorActor;
  readonly out = new Outputs({ verdicts: true, flags: true, history: true });
  position = 0;
  readonly #plan: Plan;
  #concluded = 0;

  constructor(readonly judging: Judging, type: string, readonly channels: readonly string[], keepHistory = true) {
    this.#plan = makePlan(judging, type, channels);
    this.actor = {
      id: 5,
      name: "pump-1",
      partition: "p",
      place: -1,
      plan: this.#plan,
      state: emptyState(this.#plan),
      floats: emptyFloats(this.#plan),
      ...(keepHistory ? { history: new History(channels.length) } : {}),
    };
  }

  take(event: NaiveEvent): void {
    const position = ++this.position;
    if (event.kind === "tick") return void takeTick(this.actor, event.time, position, this.out);
    let count = 0;
    for (const [channel, value] of Object.entries(event.values)) {
      input.channels[count] = this.channels.indexOf(channel);
      input.values[count++] = value;
    }
    input.count = count;
    input.label = -1;
    takeReading(this.actor, event.time, position, this.out);
    this.conclude();
  }

  /** Ends the verdicts that were written down since the last time, as a shard does at the end of a batch. */
  private conclude(): void {
    const { array, length } = this.out.verdicts;
    for (
      ;
      this.#concluded < length;
      this.#concluded += VERDICT_HEAD + array[this.#concluded + VERDICT.channels] * VERDICT_CHANNEL
    ) {
      conclude(this.actor, array, this.#concluded, this.out);
    }
    this.out.rows.length = 0;
  }

  end(): void {
    takeEnd(this.actor, ++this.position, this.out);
  }

  /** Writes the actor and reads it back, as if it had been let go. */
  reload(judging: Judging = this.judging): Uint8Array {
    const bytes = encodeSnapshot(this.actor, this.position + 1);
    this.actor = decodeSnapshot(
      bytes,
      this.actor.id,
      judging,
      (type, channels) => makePlan(judging, type, channels),
      this.actor.history !== undefined,
    );
    return bytes;
  }

  /** The windows that came out so far. */
  windows(): NaiveWindow[] {
    const { array, length } = this.out.windows, windows: NaiveWindow[] = [];
    for (let at = 0; at < length;) {
      const count = array[at + WINDOW_RECORD.channels], channels: Record<string, number[]> = {};
      for (let c = 0; c < count; c++) {
        const from = at + WINDOW_HEAD + c * WINDOW_CHANNEL;
        if (array[from] > 0) channels[this.channels[c]] = [...array.subarray(from, from + WINDOW_CHANNEL)];
      }
      const [spec, start, revision] = array.subarray(at + 1, at + 4);
      windows.push({ spec, start, revision, channels });
      at += WINDOW_HEAD + count * WINDOW_CHANNEL;
    }
    return windows;
  }
}
