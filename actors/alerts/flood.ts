/**
 * Floods: many alerts of one location within minutes, shown as one with its members.
 *
 * An overlay: a fold over the steps of a partition in order of position that changes no alert's state or id. A flood
 * begins when 10 alerts were raised at a location within 10 minutes and ends when fewer than 5 were (ISA-18.2's figures
 * for one operator; a location stands for one). Hushed alerts do not count: nobody is troubled by them.
 *
 * Bounded: the last 10 raises of at most {@linkcode FLOOD.locations} locations, whose place is free again 10 minutes
 * after their last one; a location beyond that is not watched and is counted in `unwatched`.
 *
 * @module
 */
import { z } from "zod";
import { placeOf } from "./ids.ts";
import type { AlertStep } from "./words.ts";

/** When a flood begins and ends, and what is kept of it. */
export const FLOOD = {
  /** Raised so many … */
  begins: 10,
  /** … within so long, ms, it is a flood, … */
  withinMs: 600_000,
  /** … until there were fewer than so many. */
  ends: 5,
  /** Locations watched at once. */
  locations: 10_000,
  /** Members whose ids are kept; all are counted. */
  members: 1_000,
} as const;

/** One step of a flood. */
export interface FloodStep {
  /** Stable: `flood id/began`, `flood id/joined/ALERT`, `flood id/ended`. */
  readonly id: string;
  /** `partition:position:flood:location`. */
  readonly flood: string;
  readonly transition: "began" | "joined" | "ended";
  readonly partition: string;
  /** Absent for sensors without a location. */
  readonly location?: string;
  /** Event time, epoch ms. */
  readonly time: number;
  readonly position: number;
  /** Ids of the alerts that are members from this step on. */
  readonly members: readonly string[];
}

/** A flood as it stands. */
export interface FloodView {
  readonly id: string;
  readonly state: "active" | "ended";
  readonly partition: string;
  readonly location?: string;
  readonly began_at: number;
  readonly ended_at?: number;
  /** Alerts in it. */
  readonly count: number;
  /** The first of their ids. */
  readonly members: readonly string[];
}

const placeSchema = z.strictObject({
  /** Empty for none: a location has a character at least. */
  location: z.string(),
  /** The last raises, oldest first. */
  raises: z.array(z.tuple([z.number(), z.string()])).max(FLOOD.begins),
  flood: z.string().optional(),
});

/** A fold's state, as it is stored: JSON. */
export const floodsStateSchema = z.strictObject({
  position: z.number().int(),
  id: z.string(),
  time: z.number(),
  unwatched: z.number().int(),
  places: z.array(placeSchema).max(FLOOD.locations),
});
/** A fold's state. */
export type FloodsState = z.infer<typeof floodsStateSchema>;
type Place = z.infer<typeof placeSchema>;

/** The floods of one partition. */
export class Floods {
  /** Raises at locations that were one too many to be watched. */
  unwatched = 0;
  private position = -1;
  private id = "";
  private time = 0;
  private readonly places = new Map<string, Place>();

  /** @param state what {@linkcode save} gave, parsed with {@linkcode floodsStateSchema} */
  constructor(private readonly partition: string, state?: FloodsState) {
    if (state === undefined) return;
    this.position = state.position;
    this.id = state.id;
    this.time = state.time;
    this.unwatched = state.unwatched;
    for (const place of state.places) this.places.set(place.location, structuredClone(place));
  }

  /** The state as JSON, to go on from. */
  save(): FloodsState {
    const { position, id, time, unwatched } = this;
    return { position, id, time, unwatched, places: structuredClone([...this.places.values()]) };
  }

  /**
   * Takes a step of an alert, in order of position and id.
   *
   * @returns what it makes of floods; nothing for a step that was taken before
   */
  take(step: AlertStep): FloodStep[] {
    const place = placeOf(step);
    if (step.position < this.position || (step.position === this.position && place <= this.id)) return [];
    const steps = this.tick(step.time, step.position);
    this.id = place;
    if (step.transition !== "raised" || step.notify === false) return steps;
    const at = this.placeOf(step.location ?? "");
    if (at === undefined) {
      this.unwatched++;
      return steps;
    }
    at.raises.push([this.time, step.alert]);
    if (at.raises.length > FLOOD.begins) at.raises.shift();
    if (at.flood !== undefined) steps.push(this.step(at, at.flood, "joined", [step.alert]));
    else if (at.raises.length === FLOOD.begins && this.time - at.raises[0][0] <= FLOOD.withinMs) {
      const parts = [this.partition, String(step.position), "flood", at.location];
      at.flood = parts.map(encodeURIComponent).join(":");
      steps.push(this.step(at, at.flood, "began", at.raises.map(([, alert]) => alert)));
    }
    return steps;
  }

  /** Source time has passed: floods end. */
  tick(time: number, position: number): FloodStep[] {
    const steps: FloodStep[] = [];
    if (position > this.position) [this.position, this.id] = [position, ""];
    if (time <= this.time) return steps; // sensors are not of one time; the greatest counts
    this.time = time;
    for (const [location, place] of this.places) {
      const recent = place.raises.filter(([raised]) => time - raised <= FLOOD.withinMs);
      if (place.flood !== undefined && recent.length < FLOOD.ends) {
        // When it was so, not when it was noticed: that depends on who looks.
        const [last = this.time] = place.raises.at(-FLOOD.ends) ?? [];
        steps.push({ ...this.step(place, place.flood, "ended", []), time: last + FLOOD.withinMs });
        place.flood = undefined;
      }
      if (recent.length === 0) this.places.delete(location);
    }
    return steps;
  }

  private placeOf(location: string): Place | undefined {
    const known = this.places.get(location);
    if (known !== undefined || this.places.size >= FLOOD.locations) return known;
    const place: Place = { location, raises: [] };
    this.places.set(location, place);
    return place;
  }

  private step(
    { location }: Place,
    flood: string,
    transition: FloodStep["transition"],
    members: readonly string[],
  ): FloodStep {
    const { partition, time, position } = this;
    const id = transition === "joined" ? `${flood}/joined/${members[0]}` : `${flood}/${transition}`;
    return { id, flood, transition, partition, ...(location === "" ? {} : { location }), time, position, members };
  }
}

/** A flood after one more step; a member that comes again is one. */
export function foldFlood(before: FloodView | undefined, step: FloodStep): FloodView | undefined {
  const { flood: id, partition, location, time, members } = step;
  if (before === undefined) {
    if (step.transition !== "began") return undefined;
    const place = location === undefined ? {} : { location };
    return { id, state: "active", partition, ...place, began_at: time, count: members.length, members };
  }
  if (step.transition === "ended") return { ...before, state: "ended", ended_at: before.ended_at ?? time };
  if (step.transition === "began" || before.members.includes(members[0])) return before;
  const kept = before.members.length < FLOOD.members ? [...before.members, ...members] : before.members;
  return { ...before, count: before.count + members.length, members: kept };
}
