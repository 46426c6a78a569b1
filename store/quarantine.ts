/**
 * What was not accepted, one by one: found by its id, and taken out by a person, counted like what retention takes.
 *
 * @module
 */
import type { Quarantine, QuarantineCounts, Settlement } from "../actors/quarantine.ts";
import type { QuarantineView } from "../actors/views.ts";
import type { OutputsValue } from "./checkpoint/outputs.ts";
import { KEYS } from "./keys.ts";
import type { KvPort } from "./kv.ts";
import type { Written } from "./retention/written.ts";

type Counts = Readonly<Record<string, number>>;

/** The quarantine in the key-value store. */
export class KvQuarantine implements Quarantine {
  /** @param written told of what is taken out */
  constructor(private readonly kv: KvPort, private readonly written: Written) {}

  async find(id: string): Promise<QuarantineView | undefined> {
    return (await this.#entry(id))?.value;
  }

  async settle(id: string, how: Settlement): Promise<"settled" | "gone" | "early"> {
    for (;;) {
      const entry = await this.#entry(id);
      if (entry === undefined) return "gone";
      const { partition, position, reason } = entry.value, { kv } = this;
      const cut = (await kv.get<OutputsValue>(KEYS.outputs(partition))).value?.cut ?? 0;
      if (position >= cut) return "early";
      const gone = await kv.get<Counts>(KEYS.quarantineRemoved(partition));
      const settled = await kv.get<Counts>(KEYS.quarantineSettled(partition));
      const { ok } = await kv.atomic().check(entry, gone, settled)
        .set(KEYS.quarantineRemoved(partition), plusOne(gone.value, reason))
        .set(KEYS.quarantineSettled(partition), plusOne(settled.value, how))
        .delete(entry.key)
        .commit();
      if (!ok) continue; // retention, or somebody else, was there first
      this.written.note(KEYS.quarantinesOf(partition), -1);
      return "settled";
    }
  }

  async counts(): Promise<QuarantineCounts[]> {
    const kept = new Map<string, Counts>();
    for await (const { value } of this.kv.list<QuarantineView>({ prefix: KEYS.quarantines() })) {
      kept.set(value.partition, plusOne(kept.get(value.partition) ?? null, value.reason));
    }
    const gone = await this.#byPartition(KEYS.quarantinesRemoved());
    const settled = await this.#byPartition(KEYS.quarantinesSettled());
    return [...new Set([...kept.keys(), ...gone.keys()])].sort().map((partition) => {
      const { retried = 0, discarded = 0 } = settled.get(partition) ?? {};
      return { partition, kept: kept.get(partition) ?? {}, gone: gone.get(partition) ?? {}, retried, discarded };
    });
  }

  async #byPartition(prefix: Deno.KvKey): Promise<Map<string, Counts>> {
    const counts = new Map<string, Counts>();
    for await (const { key, value } of this.kv.list<Counts>({ prefix })) counts.set(String(key[1]), value);
    return counts;
  }

  async #entry(id: string): Promise<Deno.KvEntry<QuarantineView> | undefined> {
    const slash = id.lastIndexOf("/"), digits = id.slice(slash + 1);
    if (slash < 1 || !/^\d{1,15}$/.test(digits)) return undefined;
    const prefix = [...KEYS.quarantinesOf(id.slice(0, slash)), Number(digits)];
    for await (const entry of this.kv.list<QuarantineView>({ prefix }, { limit: 1 })) return entry;
  }
}

function plusOne(counts: Counts | null, name: string): Counts {
  return { ...counts, [name]: (counts?.[name] ?? 0) + 1 };
}
