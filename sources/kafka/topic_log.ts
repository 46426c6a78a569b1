/**
 * A topic as the log of readings that come over HTTP: for a node of a group, whose partitions are Kafka's.
 *
 * A sensor that is known goes to the partition where it belongs, another one where its key goes. What is acknowledged is
 * with every in-sync replica. How far a request with an idempotency key has come is noted in the store behind that: where
 * the process dies in between and the request is sent again, readings come twice, and their sensors count duplicates.
 *
 * @module
 */
import { LogError, type LogIntake, type Piece, type RequestRecord, type RequestState } from "../../actors/log.ts";
import { KafkaError } from "./errors.ts";
import type { OutgoingMessage } from "./producer.ts";

/** What it is made with. */
export interface TopicLogOptions {
  readonly topic: string;
  readonly producer: { send(topic: string, messages: readonly OutgoingMessage[]): Promise<void> };
  /** Where requests with idempotency keys are noted. */
  readonly requests: Pick<LogIntake, "request" | "append" | "pieceBytes">;
  /** Number of the topic's partition where a sensor belongs; undefined for one that is new. */
  readonly partitionOf: (sensor: string) => number | undefined;
}

const decoder = new TextDecoder();

/** Readings into a topic. */
export class TopicLog implements LogIntake {
  readonly partitions = 1;
  /** Never: a write waits for the brokers. */
  readonly isFull = false;

  constructor(private readonly options: TopicLogOptions) {}

  get pieceBytes(): number {
    return this.options.requests.pieceBytes;
  }

  room(): Promise<void> {
    return Promise.resolve();
  }

  request(key: string): Promise<RequestState> {
    return this.options.requests.request(key);
  }

  async append(
    pieces: readonly Piece[],
    request?: { state: RequestState; record: RequestRecord },
  ): Promise<string | null> {
    const { topic, producer, requests } = this.options;
    const messages = pieces.flatMap(({ bytes }) => decoder.decode(bytes).trimEnd().split("\n")).map((line) =>
      this.messageOf(line)
    );
    try {
      if (messages.length > 0) await producer.send(topic, messages);
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      throw new LogError(`Kafka does not take readings now: ${error.message}.`, { cause: error });
    }
    return request === undefined ? null : await requests.append([], request);
  }

  private messageOf(line: string): OutgoingMessage {
    const { sensor: key }: { sensor: string } = JSON.parse(line), partition = this.options.partitionOf(key);
    return { key, value: line, ...(partition === undefined ? {} : { partition }) };
  }
}
