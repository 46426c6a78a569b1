/**
 * Watches a cluster while things go wrong: whether an output has ever two contents, how much of the time partitions go on,
 * and how long it takes until others have taken over.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { KvPort } from "../../store/kv.ts";
import type { Cluster, Node } from "./cluster.ts";

/** What was measured. */
export interface Figures {
  /** Share of time and partitions in which these went on, or had within the last {@linkcode GOES_ON_MS}. */
  readonly availability: number;
  /** From the loss of a node until all of its partitions went on elsewhere, ms, ascending. */
  readonly takeOverMs: readonly number[];
  /** What stood still while or after something went wrong, until the next did: partitions times seconds. */
  readonly stoodStill: Readonly<Record<string, number>>;
}

/** Time between two looks at positions, and between two at outputs, ms. */
const LOOK_MS = 250, OUTPUTS_MS = 2_000;
/** A partition goes on if it has within so long, ms: readings come more often. */
const GOES_ON_MS = 2_000;

/** Outputs that have one content for ever. */
const FINAL = ["transition", "quarantine"];

/** Somebody who watches. */
export class Watch {
  readonly differences: string[] = [];
  readonly #outputs = new Map<string, string>();
  readonly #positions = new Map<string, { position: number; at: number }>();
  readonly #losses: { readonly from: number; readonly partitions: Map<string, number>; readonly by: Node }[] = [];
  readonly #takeOverMs: number[] = [];
  #looks = 0;
  #going = 0;
  #isEnding = false;
  #deed = "";
  readonly #stoodStill = new Map<string, number>();
  #lookedAt = performance.now();

  constructor(
    private readonly cluster: Cluster,
    private readonly kv: KvPort,
    private readonly partitions: number,
  ) {}

  end(): void {
    this.#isEnding = true;
  }

  figures(): Figures {
    return {
      availability: this.#going / this.#looks,
      takeOverMs: this.#takeOverMs.toSorted((a, b) => a - b),
      stoodStill: Object.fromEntries(this.#stoodStill),
    };
  }

  /** What stands still from now on does so because of this. */
  during(deed: string): void {
    this.#deed = deed;
  }

  /** Takes a node away, and notes how long its partitions stand still. */
  async takenOver(node: Node, away: () => Promise<unknown>): Promise<void> {
    const mine = (await node.partitions()).filter(({ state }) => state === "running");
    await away();
    if (mine.length === 0) return;
    const partitions = new Map(mine.map(({ partition, position }) => [partition, position]));
    this.#losses.push({ from: performance.now(), partitions, by: node });
  }

  async run(): Promise<void> {
    const looking = this.#every(LOOK_MS, () => this.#look());
    await Promise.all([looking, this.#every(OUTPUTS_MS, () => this.#lookAtOutputs())]);
    await this.#lookAtOutputs();
  }

  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    while (!this.#isEnding) {
      await work();
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }

  async #look(): Promise<void> {
    const now = performance.now();
    for (const { partition, position, state } of await this.cluster.shown()) {
      const known = this.#positions.get(partition);
      if (state === "running" && position > (known?.position ?? -1)) {
        this.#positions.set(partition, { position, at: now });
      }
      for (const loss of this.#losses) {
        if (state === "running" && position > (loss.partitions.get(partition) ?? Infinity)) {
          loss.partitions.delete(partition);
        }
      }
    }
    for (const [i, loss] of [...this.#losses.entries()].reverse()) {
      if (loss.partitions.size > 0) continue;
      this.#takeOverMs.push(Math.round(now - loss.from));
      this.#losses.splice(i, 1);
    }
    const going = [...this.#positions.values()].filter(({ at }) => now - at < GOES_ON_MS).length;
    this.#looks += this.partitions;
    this.#going += going;
    const stood = (this.partitions - going) * (now - this.#lookedAt) / 1_000;
    this.#stoodStill.set(this.#deed, (this.#stoodStill.get(this.#deed) ?? 0) + stood);
    this.#lookedAt = now;
  }

  /** Whether anything that is stored has changed since it was. */
  async #lookAtOutputs(): Promise<void> {
    try {
      for (const kind of FINAL) {
        for await (const { key, value } of this.kv.list({ prefix: [kind] })) {
          const name = JSON.stringify(key), content = JSON.stringify(value), had = this.#outputs.get(name);
          if (had !== undefined && had !== content) this.differences.push(`two contents: ${name}`);
          this.#outputs.set(name, content);
        }
      }
    } catch (error) {
      if (!(error instanceof StoreAwayError)) throw error; // a server is away: next time
    }
  }
}
