/**
 * From a message to readings: a bare number, or JSON; what the topic says stands for what the payload does not.
 *
 * | payload | becomes |
 * |---|---|
 * | `21.5`, `null` | one value of the topic's `{channel}`, or of `value` |
 * | `{"values": {...}, ...}` | a reading; `sensor`, `location` and `type` from the topic where it has none |
 * | any other object | by the mapping, or by its fields' names; a single channel takes the topic's `{channel}` as its name |
 * | an array of objects | a reading each |
 *
 * A time that is in no payload is that of arrival: then values of one topic are never of the same time, whatever comes
 * together.
 *
 * @module
 */
import { isRefusal, parseReading, type Reading, type Refusal, refusal } from "../../actors/reading.ts";
import { type RecordOptions, RecordReader } from "../record_reader.ts";
import { fieldsOf, type TopicFields, type TopicPattern } from "./topics.ts";

/** Readings of one message at most. */
export const MESSAGE_READINGS = 4_096;
/** Topics that are remembered; with more all of them are looked at anew. */
const TOPICS = 100_000;
/** The channel of a bare number where the topic names none. */
const CHANNEL = "value";
/** Numbers that JSON writes otherwise: `+5`, `.5`, `5.`. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** What is known of a topic. */
interface Topic {
  readonly fields: TopicFields;
  /** Time that was given last to a value that had none, epoch ms. */
  stamp: number;
}

/** Reads messages of the patterns; see the module. */
export class MessageReader {
  readonly #text = new TextDecoder("utf-8", { fatal: true });
  readonly #records: RecordReader;
  readonly #topics = new Map<string, Topic>();

  constructor(private readonly patterns: readonly TopicPattern[], options: RecordOptions = {}) {
    this.#records = new RecordReader("MQTT", options);
  }

  /**
   * What a message holds: at least one item, at most {@linkcode MESSAGE_READINGS}.
   *
   * @param now when it arrived, epoch ms
   */
  read(name: string, payload: Uint8Array, now: number): (Reading | Refusal)[] {
    const topic = this.#topic(name);
    if (topic === undefined) return [refused(name, "no pattern reads this topic", "")];
    let text: string;
    try {
      text = this.#text.decode(payload);
    } catch {
      return [refused(name, "the message is not UTF-8", new TextDecoder().decode(payload.subarray(0, 1024)))];
    }
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch (error) {
      const trimmed = text.trim();
      if (trimmed === "") return [refused(name, "the message is empty", "")];
      if (!NUMBER.test(trimmed)) return [refused(name, `the message is no number and no JSON: ${say(error)}`, text)];
      record = Number(trimmed);
    }
    if (!Array.isArray(record)) return [this.#judge(name, topic, record, now, 0)];
    if (record.length === 0) return [refused(name, "the message is an empty array", text)];
    if (record.length > MESSAGE_READINGS) {
      const why = `the message holds ${record.length} readings, at most ${MESSAGE_READINGS} are allowed`;
      return [refused(name, why, text)];
    }
    return record.map((one, i) => this.#judge(name, topic, one, now, i));
  }

  #topic(name: string): Topic | undefined {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    for (const pattern of this.patterns) {
      const fields = pattern.isSparkplug ? undefined : fieldsOf(pattern, name);
      if (fields === undefined) continue;
      if (this.#topics.size >= TOPICS) this.#topics.clear();
      const topic = { fields, stamp: 0 };
      this.#topics.set(name, topic);
      return topic;
    }
    return undefined;
  }

  #judge(name: string, topic: Topic, record: unknown, now: number, index: number): Reading | Refusal {
    const { sensor, channel, location, type } = topic.fields, time = Math.max(now, topic.stamp + 1);
    const isBare = typeof record === "number" || record === null;
    const given = isBare
      ? parseReading({
        sensor,
        time,
        values: { [channel ?? CHANNEL]: record },
        ...(type === undefined ? {} : { type }),
        ...(location === undefined ? {} : { location }),
      })
      : this.#records.read(record, { sensor, location, type, time });
    if (isRefusal(given)) return elsewhere(given, name, record, index);
    if (given.time === time) topic.stamp = time;
    return isBare || channel === undefined ? given : named(given, channel);
  }
}

/** A reading of a topic that names its channel: a single value is that channel's, several keep their own names. */
function named(reading: Reading, channel: string): Reading | Refusal {
  const channels = Object.keys(reading.values);
  if (channels.length !== 1 || channels[0] === channel) return reading;
  return parseReading({ ...reading, values: { [channel]: reading.values[channels[0]] } });
}

/** Why a message holds no reading. */
export function refused(topic: string, why: string, sample: string): Refusal {
  return refusal([{ field: "", message: `${why} (topic ${shown(topic)})` }], sample, 1);
}

function elsewhere({ errors: [first, ...others] }: Refusal, topic: string, record: unknown, index: number): Refusal {
  const at = { ...first, message: `${first.message} (topic ${shown(topic)})` };
  return refusal([at, ...others], JSON.stringify(record) ?? "", index + 1);
}

function shown(topic: string): string {
  return topic.length > 200 ? `${topic.slice(0, 197)}...` : topic;
}

function say(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
