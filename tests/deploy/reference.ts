/**
 * What is stored after all, and what one process that nothing disturbs makes of the same readings.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import { judgingSchema } from "../../actors/config.ts";
import type { SourcePartition } from "../../actors/ports.ts";
import type { Reading } from "../../actors/reading.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import type { KvPort } from "../../store/kv.ts";
import { modelsOver, PATIENT, storeOver } from "../actors/harness.ts";
import { MemoryKv } from "../memory_kv.ts";
import { JUDGING } from "./chaos.ts";

/** A reading as it is stored: where it came in its partition, when and what it was. */
export interface Taken {
  readonly position: number;
  readonly partition: string;
  readonly reading: Reading;
}

/** Every reading that the API shows, by sensor. */
export async function stored(url: string, sensors: number): Promise<Map<string, Taken[]>> {
  const all = new Map<string, Taken[]>();
  for (let s = 0; s < sensors; s++) {
    const sensor = `press-${s}`, taken: Taken[] = [];
    let cursor = "";
    do {
      const answer = await fetch(`${url}/sensors/${sensor}/readings?limit=500${cursor && `&cursor=${cursor}`}`);
      if (!answer.ok) throw new Error(`${answer.status} of the readings of ${sensor}: ${await answer.text()}`);
      const page = await answer.json() as {
        items: { id: string; time: string; values: Record<string, number> }[];
        next?: string;
      };
      for (const { id, time, values } of page.items) {
        const [partition, position] = id.split("/");
        const reading = { sensor, type: "press", time: Date.parse(time), values };
        taken.push({ partition, position: Number(position), reading });
      }
      cursor = page.next ?? "";
    } while (cursor !== "");
    all.set(sensor, taken.sort((a, b) => a.position - b.position));
  }
  return all;
}

/** By sensor, what it adds to the digest; of a store as it lies. */
export async function digests(kv: KvPort): Promise<Record<string, unknown>> {
  const supervisor = supervisorOver(kv, judgingSchema.parse(JUDGING));
  await supervisor.load();
  return byName(await supervisor.answers.digests());
}

/** The same of the same readings in the same order of each partition, through one process that nothing disturbs. */
export async function peacefulDigests(taken: Iterable<readonly Taken[]>): Promise<Record<string, unknown>> {
  const supervisor = supervisorOver(new MemoryKv(), judgingSchema.parse(JUDGING));
  const partitions = Map.groupBy([...taken].flat(), ({ partition }) => partition);
  const source = {
    name: "http",
    open: () => Promise.resolve([...partitions].map(([id, items]) => partitionOf(id, items))),
    close: () => Promise.resolve(),
  };
  await supervisor.load();
  const stop = new AbortController(), nothing = () => Promise.resolve(undefined);
  let left = partitions.size;
  function partitionOf(id: string, items: Taken[]): SourcePartition {
    items.sort((a, b) => a.position - b.position);
    return {
      id,
      async *read(from, signal) {
        const rest = items.filter(({ position }) => position >= from), last = rest.at(-1)?.position ?? -1;
        yield {
          kind: "readings",
          items: rest.map(({ reading }) => reading),
          positions: rest.map(({ position }) => position),
          next: last + 1,
        };
        if (--left === 0) stop.abort(); // a partition that ended by itself would close its windows
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    };
  }
  await supervisor.run(source, { load: nothing, save: nothing }, stop.signal);
  return byName(await supervisor.answers.digests());
}

function supervisorOver(kv: KvPort, judging: Judging): Supervisor {
  return new Supervisor({ ...SUPERVISOR_DEFAULTS, judging }, {
    store: storeOver(kv, PATIENT),
    clock: PATIENT,
    models: modelsOver(kv, PATIENT),
    host: (options) => new InlineHost(options),
    shards: 1,
  });
}

function byName(digests: readonly { readonly name: string }[]): Record<string, unknown> {
  return Object.fromEntries(digests.map((digest) => [digest.name, digest]));
}
