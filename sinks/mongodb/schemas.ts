/**
 * What a document of each collection looks like, as MongoDB validates it; `docs/schemas/` has the same written out.
 *
 * @module
 */

/** A part of JSON schema, in MongoDB's form: types are BSON's. */
export interface BsonSchema {
  readonly bsonType: string | readonly string[];
  readonly description?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, BsonSchema>>;
  readonly additionalProperties?: BsonSchema;
  readonly items?: BsonSchema;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
}

const text = (description: string): BsonSchema => ({ bsonType: "string", description });
const number = (description: string): BsonSchema => ({ bsonType: ["double", "int", "long"], description });
const whole = (description: string): BsonSchema => ({ ...number(description), minimum: 0 });
const share = (description: string): BsonSchema => ({ ...number(description), minimum: 0, maximum: 1 });
const date = (description: string): BsonSchema => ({ bsonType: "date", description });
const weights: BsonSchema = {
  bsonType: "array",
  items: { bsonType: ["double", "int", "long"] },
  description: "the network's weights, in the order of its layers",
};
const loss: BsonSchema = { bsonType: ["double", "int", "long", "null"], description: "mean loss; null where unknown" };
const place = { type: text("sensor type"), location: text("where the sensor stands") };

/** A document of `predictions`. */
const prediction: BsonSchema = {
  bsonType: "object",
  description: "one reading with its verdict",
  required: ["_id", "sensor", "time", "values", "is_anomaly", "flags"],
  properties: {
    _id: text("partition/position/sensor of the reading"),
    sensor: text("name of the device"),
    ...place,
    time: date("event time"),
    values: {
      bsonType: "object",
      description: "numbers by channel; null is missing",
      additionalProperties: { bsonType: ["double", "int", "long", "null"] },
    },
    is_anomaly: { bsonType: "bool", description: "the verdict on the reading as a whole" },
    score: share("combined anomaly score; absent where rules alone judge"),
    flags: {
      bsonType: "array",
      description: "each detector's yes",
      items: {
        bsonType: "object",
        required: ["detector"],
        properties: { detector: text("limit, zscore, forest, ..."), channel: text("of which channel") },
      },
    },
    versions: {
      bsonType: "object",
      description: "version of each shared model that scored it",
      additionalProperties: whole("a version"),
    },
    label: { ...number("1 known to be anomalous, 0 known to be normal"), enum: [0, 1] },
  },
};

/** A document of `local_models`. */
const localModel: BsonSchema = {
  bsonType: "object",
  description: "one device's network as it went into a round of the federation",
  required: ["_id", "group", "participant", "kind", "round", "time", "readings", "loss", "weights"],
  properties: {
    _id: text("group/round/kind/participant"),
    group: text("devices whose networks are averaged together"),
    participant: text("name of the sensor or device"),
    kind: { bsonType: "string", enum: ["sensor", "device"], description: "of ours, or one that sent its weights" },
    round: whole("number of the round"),
    time: date("event time of the round"),
    readings: whole("readings that it learnt from since its last round"),
    loss,
    weights,
  },
};

/** A document of `global_model`. */
const globalModel: BsonSchema = {
  bsonType: "object",
  description: "a network averaged from the devices' own ones: one document for each round, and the current one again",
  required: ["_id", "group", "round", "time", "model", "version", "participant_count", "readings", "loss", "weights"],
  properties: {
    _id: text("group/round, or group/current"),
    group: text("devices whose networks are averaged together"),
    round: whole("number of the round"),
    time: date("event time of the round"),
    model: text("its name in the model registry"),
    version: whole("its version there"),
    participant_count: whole("devices that took part"),
    readings: whole("readings that they learnt from"),
    loss,
    weights,
  },
};

/** A document of `windows`. */
const window: BsonSchema = {
  bsonType: "object",
  description: "an event-time window of one sensor, its last revision",
  required: ["_id", "sensor", "start", "end", "length_ms", "hop_ms", "revision", "channels"],
  properties: {
    _id: text("sensor/length/start"),
    sensor: text("name of the device"),
    ...place,
    start: date("first instant"),
    end: date("first instant behind it"),
    length_ms: whole("length, ms"),
    hop_ms: whole("a window begins every so many ms"),
    revision: whole("0 when first emitted, one more for each correction"),
    score_max: share("greatest combined score of its readings"),
    channels: { bsonType: "object", description: "count, mean, min, max, std and anomalies by channel" },
  },
};

/** A document of `alert_transitions`. */
const step: BsonSchema = {
  bsonType: "object",
  description: "one step in an alert's life",
  required: ["_id", "alert", "transition", "sensor", "condition", "priority", "time", "position", "message"],
  properties: {
    _id: text("alert and step; of each step its own"),
    alert: text("partition:position:sensor:condition:channel of its raising"),
    transition: text("raised, acknowledged, cleared, ..."),
    sensor: text("name of the device"),
    ...place,
    condition: text("limit, zscore, anomaly, silent, ..."),
    channel: text("of which channel"),
    priority: { bsonType: "string", enum: ["low", "medium", "high", "critical"], description: "from this step on" },
    time: date("event time"),
    position: whole("grows from step to step of an alert"),
    message: text("one plain sentence"),
  },
};

/** A collection: its schema, and the fields of its indexes (1 ascending, -1 descending). */
export interface Collection {
  readonly schema: BsonSchema;
  readonly indexes: readonly Readonly<Record<string, 1 | -1>>[];
}

/** All collections. */
export const COLLECTIONS = {
  predictions: { schema: prediction, indexes: [{ time: -1 }, { sensor: 1, time: -1 }, { is_anomaly: 1, time: -1 }] },
  local_models: { schema: localModel, indexes: [{ participant: 1, round: -1 }, { group: 1, round: -1 }] },
  global_model: { schema: globalModel, indexes: [{ group: 1, round: -1 }] },
  windows: { schema: window, indexes: [{ start: -1 }, { location: 1, start: -1 }] },
  alert_transitions: { schema: step, indexes: [{ time: -1 }, { sensor: 1, time: -1 }, { alert: 1, position: 1 }] },
} as const satisfies Record<string, Collection>;

/** The name of a collection. */
export type CollectionName = keyof typeof COLLECTIONS;
