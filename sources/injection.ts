/**
 * Anomaly injection over any source: some readings get one value multiplied, the label 1 and a comment.
 *
 * What is altered is a pure function of the seed, the partition and the position: the same at every batch size, and
 * again after a restart. Refusals, ticks and everything else of the source pass through untouched.
 *
 * @module
 */
import { z } from "zod";
import type { Chunk, LinesChunk, Source, SourceMemory, SourcePartition } from "../actors/ports.ts";
import { isRefusal, parseReading, type Reading, READING_LIMITS, type Refusal, refusal } from "../actors/reading.ts";
import {
  INJECTED_COMMENT,
  injectedFactor,
  injectedPick,
  INJECTION_RULE,
  type InjectionRule,
} from "../models/injection.ts";
import { hashText } from "../models/hash.ts";

/** How anomalies are injected, as it is configured. */
const injectionSchema = z.strictObject({
  /** Share of the readings, 0 to 1. */
  chance: z.number().min(0).max(1).default(INJECTION_RULE.chance),
  /** Channels that may be altered; all by default. One of those that a reading has is picked. */
  channels: z.array(z.string().min(1).max(READING_LIMITS.nameLength)).min(1).max(READING_LIMITS.channels).optional(),
  factorLeast: z.number().positive().max(1e6).default(INJECTION_RULE.factorLeast),
  factorGreatest: z.number().positive().max(1e6).default(INJECTION_RULE.factorGreatest),
}).refine((rule) => rule.factorLeast <= rule.factorGreatest, {
  error: "factorLeast must not be greater than factorGreatest",
});

/** How anomalies are injected, with defaults filled in. */
export type InjectionConfig = z.infer<typeof injectionSchema>;
/** How anomalies are injected, as a person writes it. */
export type InjectionInput = z.input<typeof injectionSchema>;

/**
 * The reading with an anomaly, or the reading itself where none is due or no channel can take one.
 *
 * A channel can take one if its value is there, is not 0, and stays below the greatest magnitude of a value.
 *
 * @param seed whole, magnitude below 2^53
 * @param position the reading's place
 */
export function injectAnomaly(
  reading: Reading,
  seed: number,
  position: number,
  rule: InjectionRule & Pick<InjectionConfig, "channels">,
): Reading {
  const factor = injectedFactor(seed, position, rule);
  if (factor === 0) return reading;
  const eligible = (rule.channels ?? Object.keys(reading.values)).filter((channel) => {
    const value = Object.hasOwn(reading.values, channel) ? reading.values[channel] : null;
    return value !== null && value !== 0 && Math.abs(value * factor) <= READING_LIMITS.valueMagnitude;
  });
  if (eligible.length === 0) return reading;
  const channel = eligible[injectedPick(seed, position, eligible.length)];
  const value = reading.values[channel];
  if (value === null) return reading; // not reached: an eligible channel has a value
  return { ...reading, values: { ...reading.values, [channel]: value * factor }, label: 1, comment: INJECTED_COMMENT };
}

/** A source with anomalies injected; see the module. */
export class Injection implements Source {
  readonly #source: Source;
  readonly #seed: number;
  readonly #config: InjectionConfig;
  #injected = 0;

  /**
   * @param source whose readings are altered; its name, partitions and positions stay
   * @param seed whole, magnitude below 2^53
   * @throws {z.ZodError} if the configuration is out of its ranges
   */
  constructor(source: Source, seed: number, config: InjectionInput = {}) {
    this.#source = source;
    this.#seed = seed;
    this.#config = injectionSchema.parse(config);
  }

  get name(): string {
    return this.#source.name;
  }

  /** Readings altered so far; one that is read twice counts twice. */
  get injected(): number {
    return this.#injected;
  }

  async open(memory: SourceMemory): Promise<readonly SourcePartition[]> {
    return (await this.#source.open(memory)).map((partition) => this.#over(partition));
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  #over(partition: SourcePartition): SourcePartition {
    // partitions have the same positions: each needs a seed of its own
    const seed = this.#seed + hashText(partition.id);
    const alter = (chunk: Chunk) => this.#alter(chunk, seed);
    return {
      id: partition.id,
      async *read(from, signal) {
        for await (const chunk of partition.read(from, signal)) yield alter(chunk);
      },
      released: (position) => partition.released?.(position) ?? Promise.resolve(),
    };
  }

  #alter(chunk: Chunk, seed: number): Chunk {
    if (chunk.kind === "tick" || chunk.kind === "farewell") return chunk;
    const { items, positions } = chunk.kind === "lines" ? parseLines(chunk) : chunk;
    const altered = items.map((item, at) => isRefusal(item) ? item : this.#inject(item, seed, positions[at]));
    const { next, arrived, progress } = chunk, arrivals = chunk.kind === "readings" ? chunk.arrivals : undefined;
    return {
      kind: "readings",
      items: altered,
      positions,
      next,
      ...(arrived === undefined ? {} : { arrived }),
      ...(arrivals === undefined ? {} : { arrivals }),
      ...(progress === undefined ? {} : { progress }),
    };
  }

  #inject(reading: Reading, seed: number, position: number): Reading {
    const injected = injectAnomaly(reading, seed, position, this.#config);
    if (injected !== reading) this.#injected++;
    return injected;
  }
}

const NEWLINE = 10;

/** The records of a chunk of lines, judged, each with its position; blank lines are none. */
function parseLines(chunk: LinesChunk): { items: (Reading | Refusal)[]; positions: number[] } {
  const items: (Reading | Refusal)[] = [];
  const positions: number[] = [];
  const decoder = new TextDecoder();
  const { bytes } = chunk;
  for (let from = 0, row = chunk.row; from < bytes.length; row++) {
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline < 0 ? bytes.length : newline;
    const line = decoder.decode(bytes.subarray(from, end));
    if (line.trim() !== "") {
      items.push(parseLine(line, row));
      positions.push(chunk.position + from);
    }
    from = end + 1;
  }
  return { items, positions };
}

function parseLine(line: string, row: number): Reading | Refusal {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refusal([{ field: "", message: `a line must be a JSON object: ${why}` }], line, row);
  }
  return parseReading(record, row);
}
