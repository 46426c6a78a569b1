/**
 * The port to traces: spans that make up the way of one reading, from where it came in to where its outputs went.
 *
 * A context travels as W3C Trace Context's `traceparent`, so that it passes through messages to workers, through the log
 * and through Kafka's headers. Nobody is followed unless a tracer is given; see `followed.ts` for who is.
 *
 * @module
 */

/** What a span says of itself. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span under way. */
export interface TraceSpan {
  /** Its context: what spans below it are given as their parent. */
  readonly context: string;
  /** It is over. @param error why it failed, if it did */
  end(attributes?: SpanAttributes, error?: string): void;
}

/** Where spans go. */
export interface Tracer {
  /** One reading in so many is followed, beside those that come with a trace of their own; 0: none of the others. */
  readonly every: number;
  /** Begins a span now; without a parent it is a trace of its own. */
  begin(name: string, attributes: SpanAttributes, parent?: string): TraceSpan;
}

/** A record that came with a trace of its own. */
export interface TracedRecord {
  readonly position: number;
  /** A `traceparent`. */
  readonly parent: string;
}

/** Version 00, a trace's id and a span's id that are not zero, and flags whose lowest bit says that it is recorded. */
const SAMPLED = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f][13579bdf]$/;

/** Whether a header is a `traceparent` of a trace that somebody records. */
export function isSampled(header: string | undefined): header is string {
  return header !== undefined && SAMPLED.test(header);
}

/** Where readings are followed. */
export interface Tracing {
  readonly tracer: Tracer;
  readonly book: TraceBook;
}

/** Contexts of readings that are stored, so that their deliveries belong to their traces. The oldest ones are forgotten. */
export class TraceBook {
  private readonly contexts = new Map<string, string>();

  /** @param most contexts that are kept */
  constructor(private readonly most = 10_000) {}

  /** Notes a reading's context. */
  note(partition: string, position: number, context: string): void {
    this.contexts.set(`${partition}/${position}`, context);
    if (this.contexts.size > this.most) this.contexts.delete(this.contexts.keys().next().value ?? "");
  }

  /** The context of a reading that was followed. */
  of(partition: string, position: number): string | undefined {
    return this.contexts.size === 0 ? undefined : this.contexts.get(`${partition}/${position}`);
  }
}
