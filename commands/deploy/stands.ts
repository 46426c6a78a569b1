/**
 * Where every partition of the readings' log stands, as the store says it: whoever has run it last.
 *
 * @module
 */
import type { PartitionView } from "../../actors/views.ts";
import type { OutputsValue } from "../../store/checkpoint/outputs.ts";
import { KEYS } from "../../store/keys.ts";
import { KV_LIMITS, type KvPort } from "../../store/kv.ts";

/** The partitions, as of the last {@linkcode Stands.refresh}. */
export class Stands {
  /** Those that had readings, in order of their numbers. */
  views: readonly PartitionView[] = [];

  /** @param partitions ids of all */
  constructor(private readonly kv: KvPort, private readonly partitions: readonly string[]) {}

  /** Reads them. */
  async refresh(): Promise<void> {
    const views: PartitionView[] = [];
    for (let from = 0; from < this.partitions.length; from += KV_LIMITS.getMany) {
      const some = this.partitions.slice(from, from + KV_LIMITS.getMany);
      const found = await this.kv.getMany(some.map((partition) => KEYS.outputs(partition)));
      found.forEach(({ value }, i) => {
        if (value !== null) views.push(viewOf(some[i], value as OutputsValue));
      });
    }
    this.views = views;
  }

  /** Position behind a partition's last committed reading; 0 where it has none. */
  positionOf(partition: string): number {
    return this.find(partition)?.position ?? 0;
  }

  /** By partition the position of its last committed reading. */
  get cuts(): Record<string, number> {
    return Object.fromEntries(this.views.map(({ partition, position }) => [partition, position - 1]));
  }

  /** One of them, as it stands. */
  find(partition: string): PartitionView | undefined {
    return this.views.find((view) => view.partition === partition);
  }
}

function viewOf(partition: string, { cut, sourceTime, counts }: OutputsValue): PartitionView {
  const { readings, refused, future } = counts;
  return {
    partition,
    source: "http",
    position: cut,
    ...(sourceTime < 0 ? {} : { source_time: sourceTime }),
    readings,
    refused,
    future,
    state: "running",
  };
}
