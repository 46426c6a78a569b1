/**
 * The federation in the key-value store: rounds, and updates of outside devices.
 *
 * Every change of a group checks and rewrites its head, so that two of them never mix, and everything that one of them
 * changes is one atomic write.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  type DeviceUpdate,
  FEDERATION_LIMITS,
  type FederationStore,
  type GroupState,
  type RoundRecord,
  type UpdateAnswer,
} from "../actors/federation/port.ts";
import type { Clock } from "../actors/ports.ts";
import { StoreError } from "./checkpoint/chain.ts";
import { within } from "./deadline.ts";
import { KEYS } from "./keys.ts";
import { KV_LIMITS, type KvAtomic, type KvPort } from "./kv.ts";

/** How the store of the federation works. */
export interface FederationStoreOptions {
  readonly clock: Clock;
  /** How long a call to the database may take, ms; default 30 s. */
  readonly deadlineMs?: number;
}

/** A group's own entry. */
interface HeadValue {
  readonly round: number;
  readonly time?: number;
  readonly devices: number;
  readonly waiting: number;
  /** Bytes of the weights that wait. */
  readonly bytes: number;
  /** The round whose updates are settled; 0 before the first. */
  readonly settled: number;
  /** The latest round before it that had any. */
  readonly settledBefore: number;
}

/** An outside device. */
interface DeviceValue {
  /** Its last updates that were taken, in order: enough to know one again. */
  readonly seen: readonly { readonly round: number; readonly sha256: string }[];
  /** The one that waits for a round. */
  readonly waiting?: { readonly round: number; readonly bytes: number };
  /** The one that went into the settled round. */
  readonly taken?: { readonly round: number; readonly into: number };
}

/** An update's weights, and what they stand for. */
interface UpdateValue {
  readonly readings: number;
  readonly loss: number;
  readonly weights: Float32Array;
}

const DEADLINE_MS = 30_000, TRIES = 20;
const NEW_GROUP: HeadValue = { round: 0, devices: 0, waiting: 0, bytes: 0, settled: 0, settledBefore: 0 };

/** Rounds and updates in a key-value store. */
export class KvFederationStore implements FederationStore {
  constructor(private readonly kv: KvPort, private readonly options: FederationStoreOptions) {}

  async putRound(record: RoundRecord): Promise<void> {
    const { group, round, time } = record;
    await this.change(group, ({ value }, atomic) => {
      const head = value ?? NEW_GROUP, newest = round >= head.round;
      atomic.set(KEYS.federationRound(group, round), record);
      return { head: newest ? { ...head, round, time } : head, answer: undefined };
    });
    await this.trim(group);
  }

  async rounds(group: string, limit: number, before?: number): Promise<RoundRecord[]> {
    const prefix = KEYS.federationRounds(group), records: RoundRecord[] = [];
    const selector = before === undefined ? { prefix } : { prefix, end: KEYS.federationRound(group, before) };
    for await (const { value } of this.kv.list<RoundRecord>(selector, { reverse: true, limit })) records.push(value);
    return records;
  }

  async groups(): Promise<GroupState[]> {
    const groups: GroupState[] = [];
    for await (const { key, value } of this.kv.list<HeadValue>({ prefix: KEYS.federations() })) {
      groups.push(groupState(String(key[1]), value));
    }
    return groups;
  }

  async group(group: string): Promise<GroupState | undefined> {
    const { value } = await this.ask(this.kv.get<HeadValue>(KEYS.federation(group)));
    return value === null ? undefined : groupState(group, value);
  }

  putUpdate(update: DeviceUpdate, inUse?: number): Promise<UpdateAnswer> {
    const { group, device, round, readings, loss, weights } = update, sha256 = sha256Of(update);
    return this.change<UpdateAnswer>(group, async ({ value }, atomic) => {
      const head = value ?? NEW_GROUP;
      const entry = await this.ask(this.kv.get<DeviceValue>(KEYS.federationDevice(group, device)));
      const refused = judge(head, entry.value, { round, sha256, inUse });
      if (refused !== undefined) return { answer: refused };
      const room = await this.room(group, head, entry.value, weights.byteLength, atomic);
      if (typeof room === "string") return { answer: { kind: "full", what: room } };
      const { waiting: old, seen = [], taken } = entry.value ?? {};
      if (old !== undefined) atomic.delete(KEYS.federationUpdate(group, device, old.round));
      const known: DeviceValue = {
        seen: [...seen, { round, sha256 }].slice(-FEDERATION_LIMITS.behind - 1),
        waiting: { round, bytes: weights.byteLength },
        ...(taken === undefined ? {} : { taken }),
      };
      const sent: UpdateValue = { readings, loss, weights: weights.slice() };
      atomic.set(KEYS.federationDevice(group, device), known).set(KEYS.federationUpdate(group, device, round), sent);
      return { head: room, answer: { kind: "accepted" } };
    });
  }

  async takeUpdates(group: string, round: number): Promise<DeviceUpdate[]> {
    await this.settle(group, round);
    const updates: DeviceUpdate[] = [];
    for (const { device, value: { taken } } of await this.devices(group)) {
      if (taken?.into !== round) continue;
      const { value } = await this.ask(
        this.kv.get<UpdateValue>(KEYS.federationUpdate(group, device, taken.round)),
      );
      if (value === null) throw new StoreError(`the update of ${device} for round ${taken.round} is missing`);
      updates.push({ device, group, round: taken.round, ...value });
    }
    return updates;
  }

  /** Settles which updates go into a round, unless that is done. */
  private settle(group: string, round: number): Promise<void> {
    return this.change(group, async ({ value }, atomic) => {
      const head = value ?? NEW_GROUP;
      if (head.settled === round) return { answer: undefined };
      if (head.settled > round) {
        if (round > head.settledBefore) return { answer: undefined }; // it had none: nothing says `into: round`
        throw new RangeError(
          `cannot take the updates of round ${round} of ${group} again: those of round ${head.settled} are settled`,
        );
      }
      let hadAny = false;
      for (const { device, value: { seen, waiting, taken } } of await this.devices(group)) {
        if (taken?.into === head.settled) hadAny = true;
        if (taken === undefined && waiting === undefined) continue;
        if (taken !== undefined) atomic.delete(KEYS.federationUpdate(group, device, taken.round));
        const now: DeviceValue = waiting === undefined
          ? { seen }
          : { seen, taken: { round: waiting.round, into: round } };
        atomic.set(KEYS.federationDevice(group, device), now);
      }
      const settledBefore = hadAny ? head.settled : head.settledBefore;
      return { head: { ...head, waiting: 0, bytes: 0, settled: round, settledBefore }, answer: undefined };
    });
  }

  /** The head with one update more, or what there is no room for; devices that fell behind make room. */
  private async room(
    group: string,
    head: HeadValue,
    known: DeviceValue | null,
    bytes: number,
    atomic: KvAtomic,
  ): Promise<HeadValue | "devices" | "bytes"> {
    const old = known?.waiting;
    const waiting = head.waiting + (old === undefined ? 1 : 0), after = head.bytes + bytes - (old?.bytes ?? 0);
    if (after > FEDERATION_LIMITS.bytes) return "bytes";
    let { devices } = head;
    if (known === null) {
      if (devices >= FEDERATION_LIMITS.devices) devices -= await this.forget(group, head, atomic);
      if (devices >= FEDERATION_LIMITS.devices) return "devices";
      devices++;
    }
    return { ...head, devices, waiting, bytes: after };
  }

  /** Forgets devices that sent nothing for so long that anything they sent would be refused now. */
  private async forget(group: string, head: HeadValue, atomic: KvAtomic): Promise<number> {
    let gone = 0;
    for (const { device, value: { seen, waiting, taken } } of await this.devices(group)) {
      const latest = Math.max(0, ...seen.map(({ round }) => round));
      if (waiting !== undefined || taken !== undefined || !isStale(head, latest)) continue;
      atomic.delete(KEYS.federationDevice(group, device));
      gone++;
    }
    return gone;
  }

  private async devices(group: string): Promise<{ device: string; value: DeviceValue }[]> {
    const devices = [];
    for await (const { key, value } of this.kv.list<DeviceValue>({ prefix: KEYS.federationDevices(group) })) {
      devices.push({ device: String(key[2]), value });
    }
    return devices;
  }

  /** Removes rounds beyond those that are kept. */
  private async trim(group: string): Promise<void> {
    const gone: Deno.KvKey[] = [];
    let number = 0;
    for await (const { key } of this.kv.list({ prefix: KEYS.federationRounds(group) }, { reverse: true })) {
      if (++number > FEDERATION_LIMITS.rounds) gone.push(key);
    }
    if (gone.length === 0) return;
    const atomic = this.kv.atomic();
    for (const key of gone.slice(0, KV_LIMITS.mutations)) atomic.delete(key);
    await this.ask(atomic.commit());
  }

  /**
   * Changes a group: `how` puts its writes into the atomic one, and says what the head becomes (none: nothing changes).
   *
   * A change that happened although the answer said otherwise is tried again and finds itself done: it is known, settled,
   * or the same record.
   */
  private async change<T>(
    group: string,
    how: (
      head: Deno.KvEntryMaybe<HeadValue>,
      atomic: KvAtomic,
    ) => Promise<{ head?: HeadValue; answer: T }> | { head?: HeadValue; answer: T },
  ): Promise<T> {
    const key = KEYS.federation(group);
    for (let tries = 0; tries < TRIES; tries++) {
      const found = await this.ask(this.kv.get<HeadValue>(key)), atomic = this.kv.atomic().check(found);
      const { head, answer } = await how(found, atomic);
      if (head === undefined) return answer;
      atomic.set(key, head);
      if ((await this.ask(atomic.commit())).ok) return answer;
    }
    throw new StoreError(`the group ${group} could not be changed: others do so at the same time`);
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.deadlineMs ?? DEADLINE_MS, answer);
  }
}

function groupState(group: string, { round, time, devices, waiting }: HeadValue): GroupState {
  return { group, round, ...(time === undefined ? {} : { time }), devices, waiting };
}

/** Why an update is not taken; undefined if it is. */
function judge(
  head: HeadValue,
  known: DeviceValue | null,
  { round, sha256, inUse }: { readonly round: number; readonly sha256: string; readonly inUse?: number },
): UpdateAnswer | undefined {
  const before = known?.seen.find((one) => one.round === round), latest = head.round;
  if (before !== undefined) return { kind: before.sha256 === sha256 ? "known" : "differs" };
  if (round > latest) return { kind: "ahead", latest };
  if (round === inUse) return undefined;
  const newer = known?.seen.some((one) => one.round > round) ?? false; // what it sent later stands for more
  return newer || isStale(head, round) ? { kind: "stale", latest } : undefined;
}

function isStale(head: HeadValue, round: number): boolean {
  return round < head.round - FEDERATION_LIMITS.behind;
}

function sha256Of({ readings, loss, weights }: DeviceUpdate): string {
  const figures = new Uint8Array(Float64Array.of(readings, loss).buffer);
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  return createHash("sha256").update(figures).update(bytes).digest("hex");
}
