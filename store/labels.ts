/**
 * Labels in the key-value store, in order of their readings' times.
 *
 * A label and the count of its group are one atomic write, so that counts are always those of the labels.
 *
 * @module
 */
import { z } from "zod";
import { type Label, LABEL_LIMITS, type LabelCount, type LabelFilter, type LabelStore } from "../actors/labels.ts";
import type { Clock } from "../actors/ports.ts";
import type { Page } from "../actors/views.ts";
import { StoreError } from "./checkpoint/chain.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { within } from "./deadline.ts";
import { KEYS } from "./keys.ts";
import type { KvPort } from "./kv.ts";

/** How the store of labels works. */
export interface LabelStoreOptions {
  readonly clock: Clock;
  /** How long a call to the database may take, ms; default 30 s. */
  readonly deadlineMs?: number;
  /** Labels in all; default {@linkcode LABEL_LIMITS}. */
  readonly most?: number;
}

/** How many labels of a group there are. */
interface CountValue {
  readonly zeros: number;
  readonly ones: number;
}

const DEADLINE_MS = 30_000, TRIES = 20;
/** Entries that one page may look at; then it ends with a cursor to go on. */
const LOOK_AT = 20_000;
const NONE: CountValue = { zeros: 0, ones: 0 };

/** Labels in a key-value store. */
export class KvLabelStore implements LabelStore {
  constructor(private readonly kv: KvPort, private readonly options: LabelStoreOptions) {}

  async put(label: Label): Promise<"new" | "replaced" | "full"> {
    const key = KEYS.label(label.time, label.sensor);
    for (let tries = 0; tries < TRIES; tries++) {
      const found = await this.ask(this.kv.get<Label>(key)), before = found.value;
      if (before === null && await this.total() >= (this.options.most ?? LABEL_LIMITS.labels)) return "full";
      const atomic = this.kv.atomic().check(found).set(key, label);
      const groups = new Set([label.group, ...(before === null ? [] : [before.group])]);
      for (const group of groups) {
        const count = await this.ask(this.kv.get<CountValue>(KEYS.labelCount(group)));
        let next = count.value ?? NONE;
        if (before?.group === group) next = counted(next, before.label, -1);
        if (label.group === group) next = counted(next, label.label, 1);
        atomic.check(count).set(KEYS.labelCount(group), next);
      }
      if ((await this.ask(atomic.commit())).ok) return before === null ? "new" : "replaced";
    }
    throw new StoreError("the label could not be kept: others are given at the same time");
  }

  /** Takes back what was said of a sensor's readings. O(all labels). */
  async forget(sensor: string): Promise<void> {
    for await (const { key } of this.kv.list<Label>({ prefix: KEYS.labels() })) {
      for (let tries = 0; key[2] === sensor; tries++) {
        const found = await this.ask(this.kv.get<Label>(key));
        if (found.value === null) break;
        if (tries === TRIES) throw new StoreError(`the labels of ${sensor} could not be removed: others are given`);
        const { group, label } = found.value, count = await this.ask(this.kv.get<CountValue>(KEYS.labelCount(group)));
        const next = counted(count.value ?? NONE, label, -1);
        const atomic = this.kv.atomic().check(found, count).delete(key).set(KEYS.labelCount(group), next);
        if ((await this.ask(atomic.commit())).ok) break;
      }
    }
  }

  async list(filter: LabelFilter, limit: number, cursor?: string): Promise<Page<Label>> {
    const prefix = KEYS.labels(), items: Label[] = [];
    const from = cursor === undefined ? undefined : readCursor(cursor, z.tuple([z.number(), z.string()]));
    const selector = from === undefined ? { prefix } : { prefix, end: [...prefix, ...from] };
    let looked = 0;
    for await (const { key, value } of this.kv.list<Label>(selector, { reverse: true })) {
      if (matches(filter, value)) items.push(value);
      if (items.length === limit || ++looked === LOOK_AT) {
        return { items, next: writeCursor([Number(key[1]), String(key[2])]) };
      }
    }
    return { items };
  }

  async find(sensor: string, time: number): Promise<Label | undefined> {
    return (await this.ask(this.kv.get<Label>(KEYS.label(time, sensor)))).value ?? undefined;
  }

  async counts(): Promise<LabelCount[]> {
    const counts: LabelCount[] = [];
    for await (const { key, value } of this.kv.list<CountValue>({ prefix: KEYS.labelCounts() })) {
      if (value.zeros + value.ones > 0) counts.push({ group: String(key[1]), ...value });
    }
    return counts;
  }

  private async total(): Promise<number> {
    return (await this.counts()).reduce((sum, { zeros, ones }) => sum + zeros + ones, 0);
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.deadlineMs ?? DEADLINE_MS, answer);
  }
}

function counted({ zeros, ones }: CountValue, label: 0 | 1, by: 1 | -1): CountValue {
  return label === 0 ? { zeros: zeros + by, ones } : { zeros, ones: ones + by };
}

function matches({ group, sensor, label }: LabelFilter, value: Label): boolean {
  return (group === undefined || group === value.group) && (sensor === undefined || sensor === value.sensor) &&
    (label === undefined || label === value.label);
}
