/**
 * A Kafka partition as a source partition: endless, and one answer ahead of its reader.
 *
 * A reader that asks for no more pauses the partition: what is fetched then waits, at most two answers, and nothing else
 * is asked for. Whatever may pass (a broker that starts again, a new leader, rights that are missing) is waited for, and
 * shown as {@linkcode KafkaPartition.problem}; a topic that is gone, or a log that ends before what was read, ends it.
 *
 * @module
 */
import {
  type Chunk,
  type Clock,
  type ReadingsChunk,
  SourceError,
  type SourceMemory,
  type SourcePartition,
  type TickChunk,
} from "../../actors/ports.ts";
import { refusal } from "../../actors/reading.ts";
import type { RecordOptions } from "../record_reader.ts";
import { chunksOf } from "./chunks.ts";
import { KafkaError } from "./errors.ts";
import { type Fetched, Fetcher, type FetchOptions } from "./fetcher.ts";
import { MessageParser } from "./messages.ts";
import { type Tick, tickChunk, TickMemory, withTicks } from "./ticks.ts";
import { itemsOf, offsetOf, positionOf } from "./positions.ts";

/** What happens when messages are gone (by retention) before they were read: go on behind them, or stop. */
export type LostPolicy = "skip" | "stop";

/** How a partition is read. */
export interface KafkaPartitionOptions extends FetchOptions {
  readonly messages: RecordOptions;
  /** Where the very first reading begins. */
  readonly begin: number;
  readonly lost: LostPolicy;
  readonly clock: Clock;
  /** While nothing comes, a tick so often, ms; absent: never. */
  readonly tickMs?: number;
  /** Told of a problem when it begins, and when it is over; one sentence each. */
  readonly report: (sentence: string) => void;
  /** Told of the offset that everything before was checkpointed to. */
  readonly done: (offset: number) => void;
}

/** Time before trying again, ms: doubled from the least to the greatest. */
const BACKOFF_LEAST_MS = 100, BACKOFF_GREATEST_MS = 2_000;
/** So many looks at a topic that seems to be gone: a broker that has just started does not know it yet. */
const GONE_LOOKS = 6;

/** An answer, or the gap that stands in its place. */
type Answer = Fetched & { readonly lostFrom?: number };

/** A partition; see the module. */
export class KafkaPartition implements SourcePartition {
  readonly id: string;
  /** What it waits for, one sentence; undefined while all is well. */
  problem?: string;
  /** Position up to which it was fetched, by the latest reader. */
  takenIn = 0;
  #ticks: TickMemory | undefined;
  /** The offset behind the last one that there was when it was last asked. */
  #end: number | undefined;

  constructor(private readonly options: KafkaPartitionOptions) {
    this.id = `kafka-${options.topic}-${options.partition}`;
  }

  /**
   * @throws {SourceError} if the topic is gone or another one now, if the log ends before `from`, or, under the policy
   * `stop`, if what is wanted is gone
   */
  async *read(from: number, signal: AbortSignal, memory?: SourceMemory): AsyncGenerator<Chunk> {
    if (signal.aborted) return;
    const ticks = await this.#openTicks(memory), fetcher = new Fetcher(this.options), left = new AbortController();
    try {
      yield* this.#chunksFrom(from, fetcher, ticks, AbortSignal.any([signal, left.signal]));
    } finally {
      left.abort(); // the answer ahead is nobody's any more, also where the reader just went away
      await fetcher.close();
    }
  }

  async *#chunksFrom(
    from: number,
    fetcher: Fetcher,
    ticks: TickMemory | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Chunk> {
    const parser = new MessageParser(this.options.topic, this.options.partition, this.options.messages);
    const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
    let at = Math.max(from, positionOf(this.options.begin)), wanted = offsetOf(at);
    const past = ticks?.from(at) ?? [],
      ask = () => {
        this.takenIn = Math.max(at, positionOf(wanted));
        const answer = this.#next(fetcher, wanted, signal, aborted);
        answer.catch(() => {}); // thrown where it is awaited
        return answer;
      };
    for (let ahead = ask(); !signal.aborted;) {
      const tick = await this.#tickBefore(ahead, past, ticks, wanted, at, signal);
      if (tick !== undefined) {
        yield tick;
        at = tick.next;
        continue;
      }
      const answer = await ahead;
      if (answer === undefined) return;
      wanted = answer.next;
      ahead = ask();
      for (const chunk of withTicks(this.#chunks(answer, parser, at), past)) {
        if (signal.aborted) return;
        yield chunk;
        at = chunk.next;
      }
    }
  }

  /** A tick that comes before the next messages: one that was recorded, else a new one if they are long in coming. */
  async #tickBefore(
    ahead: Promise<Answer | undefined>,
    past: Tick[],
    ticks: TickMemory | undefined,
    wanted: number,
    at: number,
    signal: AbortSignal,
  ): Promise<TickChunk | undefined> {
    if (past.length === 0) return ticks && await this.#idle(ahead, ticks, wanted, at, signal);
    if (offsetOf(past[0][0]) > wanted) return undefined;
    const [tick] = past.splice(0, 1);
    return tickChunk(tick);
  }

  /** Messages, as of the last answer. */
  waiting(position: number): number | undefined {
    return this.#end === undefined ? undefined : Math.max(0, this.#end - offsetOf(position));
  }

  released(position: number): Promise<void> {
    this.#ticks?.release(position);
    this.options.done(offsetOf(position));
    return Promise.resolve();
  }

  *#chunks({ messages, next, lostFrom }: Answer, parser: MessageParser, at: number): Generator<ReadingsChunk> {
    if (lostFrom === undefined) return yield* chunksOf(messages, parser, at, next);
    const { topic, partition } = this.options;
    const message = `offsets ${lostFrom} to ${next - 1} of ${topic}, partition ${partition}, were deleted before ` +
      "they were read (retention)";
    yield {
      kind: "readings",
      items: [refusal([{ field: "", message }], "", 1)],
      positions: [Math.max(at, itemsOf(lostFrom))],
      next: positionOf(next),
    };
  }

  /** What was recorded of time passing. */
  async #openTicks(memory: SourceMemory | undefined): Promise<TickMemory | undefined> {
    return this.#ticks = memory && await TickMemory.load(memory);
  }

  /** A tick, if none of it comes for so long: not before the first message, nor while Kafka is away and nobody can know. */
  async #idle(
    ahead: Promise<Answer | undefined>,
    ticks: TickMemory,
    offset: number,
    at: number,
    signal: AbortSignal,
  ): Promise<TickChunk | undefined> {
    const { clock, tickMs, begin } = this.options, answered = new AbortController();
    if (tickMs === undefined) return undefined;
    const came = ahead.then(() => true, () => true);
    came.then(() => answered.abort());
    const stop = AbortSignal.any([signal, answered.signal]);
    for (;;) {
      const late = clock.sleep(tickMs, stop).then(() => false, () => true);
      if (await Promise.race([came, late]) || signal.aborted) return undefined;
      if (this.problem !== undefined || offset <= begin) continue;
      return await ticks.add(offset, at, Math.floor(clock.now() / tickMs) * tickMs);
    }
  }

  /** The next answer with something in it, however long it takes; undefined once it is aborted. */
  async #next(
    fetcher: Fetcher,
    offset: number,
    signal: AbortSignal,
    aborted: Promise<undefined>,
  ): Promise<Answer | undefined> {
    for (let failures = 0, gone = 0; !signal.aborted;) {
      try {
        const answer = await Promise.race([fetcher.fetch(offset), aborted]);
        if (answer === undefined) return undefined;
        this.#over();
        this.#end = answer.end ?? this.#end;
        failures = gone = 0;
        if (answer.next > offset) return answer;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof KafkaError)) throw error;
        if (error.trouble === "range") {
          const gap = await this.#outOfRange(fetcher, offset).catch((error) => this.#passing(error));
          if (gap !== undefined) return gap;
        }
        if (error.trouble === "topic" && ++gone >= GONE_LOOKS) throw this.#gone(error);
        this.#trouble(error.message);
        await this.options.clock.sleep(backoff(failures++), signal).catch(() => {});
      }
    }
    return undefined;
  }

  /** A gap to go on behind; undefined if the offset is there after all. */
  async #outOfRange(fetcher: Fetcher, offset: number): Promise<Answer | undefined> {
    const { topic, partition, lost } = this.options, { first, end } = await fetcher.range();
    const what = `the topic ${JSON.stringify(topic)}, partition ${partition},`;
    if (offset > end) {
      throw new SourceError(
        `${what} ends at offset ${end}, but was read up to ${offset}: its log was cut, or it was made again; ` +
          "begin with another data directory",
      );
    }
    if (offset >= first) return undefined;
    if (lost === "stop") {
      throw new SourceError(
        `${what} begins at offset ${first} now: those from ${offset} on were deleted before they were read`,
      );
    }
    this.options.report(
      `${what} lost the offsets ${offset} to ${first - 1} before they were read: it goes on behind them`,
    );
    return { messages: [], next: first, lostFrom: offset };
  }

  #passing(error: unknown): undefined {
    if (!(error instanceof KafkaError)) throw error;
  }

  #gone(error: KafkaError): SourceError {
    const { topic, partition } = this.options;
    return new SourceError(
      `the topic ${
        JSON.stringify(topic)
      }, partition ${partition}, is not there any more, or another one has its name: ` +
        `what was read of it is kept (${error.message})`,
      { cause: error },
    );
  }

  #trouble(sentence: string): void {
    if (this.problem === undefined) this.options.report(`${sentence}; it is tried again`);
    this.problem = sentence;
  }

  #over(): void {
    if (this.problem === undefined) return;
    this.problem = undefined;
    const { topic, partition } = this.options;
    this.options.report(`the topic ${JSON.stringify(topic)}, partition ${partition}, can be read again`);
  }
}

function backoff(failures: number): number {
  return Math.min(BACKOFF_GREATEST_MS, BACKOFF_LEAST_MS * 2 ** failures);
}
