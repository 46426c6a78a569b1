/**
 * The readings of one partition that are followed: a span each from being routed to being stored, with the batch, the
 * checkpoint and the alerts below it.
 *
 *     reading ─┬─ batch ── shard (in the worker)
 *              ├─ checkpoint
 *              └─ alert, one for each transition at the reading's position
 *
 * Followed is what came with a trace of its own, and the first record of a stretch once so many have passed since the
 * last one: whoever is not followed costs nothing, and a stretch a comparison.
 *
 * @module
 */
import type { Directory } from "./directory.ts";
import type { Chunk, LinesChunk, ReadingsChunk } from "./ports.ts";
import { isRefusal } from "./reading.ts";
import { parseLineBytes } from "./refusals.ts";
import type { AlertOutput } from "./sensor/outputs.ts";
import type { TraceSpan, Tracing } from "./tracing.ts";

/** Readings that are followed between two checkpoints at the most. */
const FOLLOWED_MOST = 100;
const NEWLINE = 10;

/** One that is followed. */
interface One {
  readonly position: number;
  readonly sensor: string;
  readonly span: TraceSpan;
  checkpoint?: TraceSpan;
}

/** Those of a cut: what becomes of them is told when it is stored. */
export interface FollowedCut {
  /** Everything of them is stored, with these alerts. */
  stored(alerts: readonly AlertOutput[]): void;
  /** It could not be stored: they are read again, and begin anew. */
  failed(error: unknown): void;
}

/** Follows readings of one partition. */
export class Followed {
  /** Those that are routed and not sent, and those that are not cut. */
  private routed: One[] = [];
  private uncut: One[] = [];
  /** Readings at which the next one is followed without a trace of its own. */
  private nextAt: number;

  /** @param from readings that there were before */
  constructor(
    private readonly partition: string,
    private readonly parts: Tracing & { readonly directory: Directory },
    from = 0,
  ) {
    this.nextAt = from;
  }

  /**
   * A stretch of a chunk was routed.
   *
   * @param from its first record and the one behind its last: indexes among parsed readings, offsets in text
   * @param readings routed so far
   */
  routedOf(chunk: Chunk, from: number, to: number, readings: number): void {
    if (chunk.kind !== "readings" && chunk.kind !== "lines") return;
    const at = chunk.kind === "readings" ? chunk.positions[from] : chunk.position + from;
    const behind = chunk.kind === "readings" ? chunk.positions[to - 1] + 1 : chunk.position + to;
    for (const { position, parent } of chunk.traces ?? []) {
      if (position >= at && position < behind) this.follow(chunk, position, parent);
    }
    const { every } = this.parts.tracer;
    if (every === 0 || readings < this.nextAt || readings === 0) return;
    this.nextAt = readings + every;
    this.follow(chunk, at);
  }

  private follow(chunk: ReadingsChunk | LinesChunk, position: number, parent?: string): void {
    if (this.uncut.length >= FOLLOWED_MOST || this.uncut.some((one) => one.position === position)) return;
    const sensor = sensorAt(chunk, position);
    if (sensor === undefined) return;
    const { partition, parts: { tracer } } = this;
    const span = tracer.begin("reading", { ...named(partition, position), "sensorium.sensor": sensor }, parent);
    const one: One = { position, sensor, span };
    this.routed.push(one);
    this.uncut.push(one);
  }

  /** A batch is about to be sent to a shard: spans for those that are in it, undefined for none. */
  sent(shard: number): readonly TraceSpan[] | undefined {
    if (this.routed.length === 0) return undefined;
    const { directory, tracer } = this.parts, isIn = ({ sensor }: One) => directory.find(sensor)?.shard === shard;
    const here = this.routed.filter(isIn);
    if (here.length === 0) return undefined;
    this.routed = this.routed.filter((one) => !isIn(one));
    return here.map(({ span }) => tracer.begin("batch", { "sensorium.shard": shard }, span.context));
  }

  /** Everything before this is cut; undefined where nobody of it is followed. */
  cut(): FollowedCut | undefined {
    const all = this.uncut, { partition, parts: { tracer, book } } = this;
    if (all.length === 0) return undefined;
    this.uncut = [];
    this.routed = []; // what is in it still was not accepted: it goes nowhere
    for (const one of all) {
      one.checkpoint = tracer.begin("checkpoint", {}, one.span.context);
      book.note(partition, one.position, one.span.context); // deliveries may come before the checkpoint's end
    }
    return {
      stored: (alerts) => {
        for (const { checkpoint, span, position, sensor } of all) {
          checkpoint?.end();
          for (const { transition } of alerts) {
            if (transition.position !== position || transition.sensor !== sensor) continue;
            const { alert, transition: step, condition, priority } = transition;
            const said = { "sensorium.alert": alert, "sensorium.step": step, "sensorium.condition": condition };
            tracer.begin("alert", { ...said, "sensorium.priority": priority }, span.context).end();
          }
          span.end();
        }
      },
      failed: (error) => {
        const why = error instanceof Error ? error.message : String(error);
        for (const { checkpoint, span } of all) {
          checkpoint?.end({}, why);
          span.end({}, why);
        }
      },
    };
  }
}

function named(partition: string, position: number) {
  return { "sensorium.partition": partition, "sensorium.position": position };
}

/** The sensor of a record; undefined if it is no reading. */
function sensorAt(chunk: ReadingsChunk | LinesChunk, position: number): string | undefined {
  if (chunk.kind === "readings") {
    const item = chunk.items[chunk.positions.indexOf(position)];
    return item === undefined || isRefusal(item) ? undefined : item.sensor;
  }
  const start = position - chunk.position, end = chunk.bytes.indexOf(NEWLINE, start);
  const item = parseLineBytes(chunk.bytes.subarray(start, end < 0 ? undefined : end));
  return isRefusal(item) ? undefined : item.sensor;
}
