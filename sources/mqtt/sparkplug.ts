/**
 * Sparkplug B: births name the metrics, data may use their aliases, deaths silence the sensors.
 *
 * A device is a sensor, `group/node/device`, at the location `group/node`; what a node says of itself is the sensor
 * `group/node` at `group`. A metric is a channel by its name; metrics of one time are one reading. What was born is known for
 * as long as the process runs: after a start, or where messages are missing (their numbers say so), the node is asked to say
 * its births again.
 *
 * Source: Eclipse Sparkplug 3.0.0, sections 4 to 6. This is no primary host: it publishes no STATE.
 *
 * @module
 */
import { parseReading, type Reading, type Refusal } from "../../actors/reading.ts";
import type { Farewell } from "../http.ts";
import { refused } from "./messages.ts";
import {
  decodeSparkplug,
  numberOf,
  rebirthOrder,
  type SparkplugMetric,
  type SparkplugPayload,
} from "./sparkplug_payload.ts";
import { SPARKPLUG } from "./topics.ts";

/** What was seen of Sparkplug since the start. */
export interface SparkplugCounts {
  /** Times that a node's messages were not numbered one after the other. */
  gaps: number;
  /** Times that a node was asked to say its births again. */
  rebirths: number;
  /** Metrics that are no numbers. */
  leftOut: number;
}

/** What a message comes to. */
export interface SparkplugOutcome {
  readonly items: readonly (Reading | Refusal | Farewell)[];
  /** Is to be sent: the order to say the births again. */
  readonly order?: { readonly topic: string; readonly payload: Uint8Array };
}

/** A metric as its birth has named it. */
interface Born {
  readonly name: string;
  readonly type: number;
}

/** What is known of a device, or of a node itself. */
interface Births {
  readonly byAlias: Map<number, Born>;
  readonly byName: Map<string, Born>;
}

interface Node {
  /** By device; what the node says of itself under the empty name. */
  readonly births: Map<string, Births>;
  /** Number of the last message; undefined before a birth. */
  seq?: number;
  /** Which birth this was: its death carries the same number. */
  bdSeq?: number;
  /** When a rebirth was asked for last, epoch ms. */
  asked: number;
}

interface Place {
  readonly group: string;
  readonly type: string;
  readonly node: string;
  /** Empty for the node itself. */
  readonly device: string;
}

/** Nodes that are remembered; with more all of them are asked anew. */
const NODES = 10_000;
/** A node is asked for its births so often at the most, ms. */
const ASK_MS = 10_000;
/** Metrics that are about the session, not about the plant. */
const CONTROL = /^(bdSeq$|Node Control\/|Device Control\/)/;
const TYPES: ReadonlySet<string> = new Set(["NBIRTH", "NDEATH", "DBIRTH", "DDEATH", "NDATA", "DDATA"]);

/** Reads the messages of all nodes; see the module. */
export class SparkplugReader {
  readonly counts: SparkplugCounts = { gaps: 0, rebirths: 0, leftOut: 0 };
  readonly #nodes = new Map<string, Node>();

  /**
   * What a message comes to.
   *
   * @param now when it arrived, epoch ms: the time of a death, and of metrics without one
   */
  read(topic: string, payload: Uint8Array, now: number): SparkplugOutcome {
    const place = placeOf(topic);
    if (place === undefined) return { items: [] }; // a command, or a host's state: nothing that a sensor says
    let said: SparkplugPayload;
    try {
      said = decodeSparkplug(payload);
    } catch (error) {
      const why = `the message is no payload of Sparkplug: ${error instanceof Error ? error.message : error}`;
      return { items: [refused(topic, why, "")] };
    }
    const node = this.#node(place);
    switch (place.type) {
      case "NBIRTH":
      case "DBIRTH":
        return this.#birth(topic, place, node, said, now);
      case "NDEATH":
        return this.#nodeDeath(place, node, said, now);
      case "DDEATH": {
        const order = this.#follow(place, node, said, now);
        node.births.delete(place.device);
        return { items: [{ farewell: sensorOf(place), time: said.time ?? now }], ...order };
      }
      default: {
        const order = this.#follow(place, node, said, now);
        const { items, isUnborn } = this.#readings(topic, place, node, said, now);
        return { items, ...order, ...(isUnborn ? this.#ask(place, node, now) : {}) };
      }
    }
  }

  #node({ group, node: name }: Place): Node {
    const id = `${group}/${name}`, known = this.#nodes.get(id);
    if (known !== undefined) return known;
    if (this.#nodes.size >= NODES) this.#nodes.clear();
    const node: Node = { births: new Map(), asked: -Infinity };
    this.#nodes.set(id, node);
    return node;
  }

  #birth(topic: string, place: Place, node: Node, said: SparkplugPayload, now: number): SparkplugOutcome {
    let order: Pick<SparkplugOutcome, "order"> = {};
    if (place.type === "NBIRTH") {
      node.births.clear();
      node.seq = said.seq ?? 0;
      node.bdSeq = bdSeqOf(said);
      node.asked = -Infinity;
    } else order = this.#follow(place, node, said, now);
    const byAlias = new Map<number, Born>(), byName = new Map<string, Born>();
    for (const { name, alias, type } of said.metrics) {
      if (name === undefined || type === undefined) continue;
      byName.set(name, { name, type });
      if (alias !== undefined) byAlias.set(alias, { name, type });
    }
    node.births.set(place.device, { byAlias, byName });
    return { items: this.#readings(topic, place, node, said, now).items, ...order };
  }

  /** A death that belongs to an older birth has been overtaken by a newer one. */
  #nodeDeath(place: Place, node: Node, said: SparkplugPayload, now: number): SparkplugOutcome {
    const bdSeq = bdSeqOf(said);
    if (bdSeq !== undefined && node.bdSeq !== undefined && bdSeq !== node.bdSeq) return { items: [] };
    const devices = new Set(["", ...node.births.keys()]);
    node.births.clear();
    node.seq = undefined;
    return { items: [...devices].map((device) => ({ farewell: sensorOf({ ...place, device }), time: now })) };
  }

  /** Follows the numbers of a node's messages; a gap is counted, and the births asked for. */
  #follow(place: Place, node: Node, { seq }: SparkplugPayload, now: number): Pick<SparkplugOutcome, "order"> {
    const { seq: last } = node;
    if (last === undefined) return this.#ask(place, node, now);
    node.seq = seq ?? last;
    if (seq === (last + 1) % 256) return {};
    this.counts.gaps++;
    return this.#ask(place, node, now);
  }

  #ask({ group, node: name }: Place, node: Node, now: number): Pick<SparkplugOutcome, "order"> {
    if (now - node.asked < ASK_MS) return {};
    node.asked = now;
    this.counts.rebirths++;
    return { order: { topic: `${SPARKPLUG}/${group}/NCMD/${name}`, payload: rebirthOrder(now) } };
  }

  /** The metrics as readings: those of one time are one. */
  #readings(topic: string, place: Place, node: Node, { time, metrics }: SparkplugPayload, now: number) {
    const births = node.births.get(place.device), byTime = new Map<number, Record<string, number | null>>();
    let unborn = 0;
    for (const metric of metrics) {
      const born = bornOf(metric, births);
      if (born === undefined) {
        unborn++;
        continue;
      }
      if (CONTROL.test(born.name)) continue;
      const value = numberOf(metric, born.type), at = metric.time ?? time ?? now;
      if (value === undefined) {
        this.counts.leftOut++;
        continue;
      }
      const values = byTime.get(at);
      if (values === undefined) byTime.set(at, { [born.name]: value });
      else values[born.name] = value;
    }
    const sensor = sensorOf(place), location = locationOf(place);
    const items: (Reading | Refusal)[] = [...byTime].map(([at, values]) =>
      named(topic, parseReading({ sensor, location, time: at, values }))
    );
    if (unborn > 0) items.push(refused(topic, `${unborn} metrics came before the birth that names them`, ""));
    return { items, isUnborn: unborn > 0 };
  }
}

function placeOf(topic: string): Place | undefined {
  const [namespace, group, type, node, device = "", ...more] = topic.split("/");
  const isWhole = namespace === SPARKPLUG && node !== undefined && more.length === 0 && TYPES.has(type);
  return isWhole && (device !== "") === type.startsWith("D") ? { group, type, node, device } : undefined;
}

function sensorOf({ group, node, device }: Place): string {
  return device === "" ? `${group}/${node}` : `${group}/${node}/${device}`;
}

function locationOf({ group, node, device }: Place): string {
  return device === "" ? group : `${group}/${node}`;
}

function bdSeqOf({ metrics }: SparkplugPayload): number | undefined {
  const metric = metrics.find(({ name }) => name === "bdSeq");
  return typeof metric?.raw === "bigint" ? Number(metric.raw) : undefined;
}

/** A metric's name and type: by its alias, by its name, or as it says itself. */
function bornOf({ name, alias, type }: SparkplugMetric, births: Births | undefined): Born | undefined {
  if (name !== undefined && name !== "") {
    const born = births?.byName.get(name);
    return type === undefined ? born : { name, type };
  }
  return alias === undefined ? undefined : births?.byAlias.get(alias);
}

/** A refusal with its topic. */
function named(topic: string, item: Reading | Refusal): Reading | Refusal {
  if (!("errors" in item)) return item;
  return refused(topic, item.errors.map(({ field, message }) => `${field}: ${message}`).join("; "), item.sample);
}
