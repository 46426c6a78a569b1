/**
 * Every key of the store, in one place.
 *
 * | key | value |
 * |---|---|
 * | `meta, format` | version of this layout |
 * | `meta, probe` | for a moment, whether the disk has room again |
 * | `source, name` | what a source recorded |
 * | `partition, id, fence / chain / outputs / outputs_begun / trained / position / states / last_command / memory / sensors` | ownership and progress of a partition |
 * | `sensor, name` | snapshot, or a pointer to its parts |
 * | `sensor_head, partition, name` | id of the snapshot, where many short-lived processes share a store |
 * | `sensor_of, partition, name` | type and location of a sensor that is stored |
 * | `sensor_part, name, generation, i` | part of a snapshot over 63 KiB |
 * | `sample, partition, group, cut, i` | readings that shared models are trained from |
 * | `command, partition, number` | a command, since the oldest cut |
 * | `order, to, id` | what one process wants another one to do, and the answer |
 * | `readings_live, partition` | the newest readings of its last checkpoint, while other processes follow them |
 * | `meta, readings_wanted` | rewritten on every server while somebody follows readings of other processes |
 * | `meta, orders` | id of the last order on this server |
 * | `configuration, version` | what is configured of judging |
 * | `configuration_at, version, partition` | position from which on it is in force there |
 * | `window, sensor, length, hop, start` | a window |
 * | `window_at, length, start, sensor, hop` | the same window in order of time |
 * | `readings, sensor, chunk` | rows of a sensor's history |
 * | `alert, id` | an alert as it stands |
 * | `alert_at, raised, id` | alerts in order of time |
 * | `transition, partition, position, place` | transitions of alerts, the feed, in the order of `alerts/ids.ts` |
 * | `transition_trim, partition` | position before which retention took transitions |
 * | `quarantine, partition, position, reason` | what was not accepted |
 * | `quarantine_removed, partition` | of what is gone of it, by retention or a person: how many, by reason |
 * | `quarantine_settled, partition` | how many of these a person retried, and discarded |
 * | `model, name` | which version of a model is in use |
 * | `model_version, name, version` | what is known of a version |
 * | `model_part, name, version, write, i` | part of its bytes |
 * | `epoch, partition, family, end` | what a partition brings to the models of an epoch: in how many parts |
 * | `epoch_part, partition, family, end, i` | part of it |
 * | `meta, epoch_brought`, `meta, epoch_trained` | rewritten whenever something was brought, or trained |
 * | `shared, family` | how far the models are that all partitions share |
 * | `shared_model, family, group` | what the last one of a group was trained from |
 * | `shared_use, family, group, end` | the version that counts behind the epoch after this one |
 * | `federation, group` | a group of sensors that learn together: its latest round |
 * | `federation_round, group, round` | what a round came to |
 * | `federation_device, group, device` | an outside device: which updates it sent |
 * | `federation_update, group, device, round` | the weights that it sent |
 * | `label, time, sensor` | what a person said of a reading |
 * | `label_count, group` | how many of them there are |
 * | `evaluation, model, version, kind, data, part` | an evaluation of a model: what it counts |
 * | `evaluation_block, id, hour, i` | its counts of some devices in one hour of the day |
 * | `sensor_name, name` | the sensor that is shown by it |
 * | `meta, sensor_names` | rewritten with every change of these |
 * | `outbox, partition, kind, cut, from, i` | committed outputs on their way to the sinks |
 * | `outbox_total, kind` | how many items of a kind were put there that come out of no partition |
 * | `delivery, sink, partition, kind` | how far a sink is with them |
 * | `set_aside, sink, partition, kind, n` | what a sink did not take, and why |
 *
 * The log of readings taken over HTTP has its keys in `log/layout.ts`, keys of the API in `api_keys.ts`, the audit log in
 * `audit.ts`, sessions of browsers in `sessions.ts`.
 *
 * @module
 */

/** Keys by what they hold. */
export const KEYS = {
  format: (): Deno.KvKey => ["meta", "format"],
  probe: (): Deno.KvKey => ["meta", "probe"],
  source: (name: string): Deno.KvKey => ["source", name],
  partitions: (): Deno.KvKey => ["partition"],
  fence: (partition: string): Deno.KvKey => ["partition", partition, "fence"],
  chain: (partition: string): Deno.KvKey => ["partition", partition, "chain"],
  outputs: (partition: string): Deno.KvKey => ["partition", partition, "outputs"],
  position: (partition: string): Deno.KvKey => ["partition", partition, "position"],
  states: (partition: string): Deno.KvKey => ["partition", partition, "states"],
  partitionMemory: (partition: string): Deno.KvKey => ["partition", partition, "memory"],
  sensors: (): Deno.KvKey => ["sensor"],
  sensor: (name: string): Deno.KvKey => ["sensor", name],
  sensorNames: (): Deno.KvKey => ["sensor_name"],
  sensorName: (name: string): Deno.KvKey => ["sensor_name", name],
  sensorNamesVersion: (): Deno.KvKey => ["meta", "sensor_names"],
  sensorHeads: (): Deno.KvKey => ["sensor_head"],
  sensorHead: (partition: string, name: string): Deno.KvKey => ["sensor_head", partition, name],
  sensorsOf: (partition: string): Deno.KvKey => ["sensor_of", partition],
  sensorOf: (partition: string, name: string): Deno.KvKey => ["sensor_of", partition, name],
  sensorsVersion: (partition: string): Deno.KvKey => ["partition", partition, "sensors"],
  sensorPartsAll: (): Deno.KvKey => ["sensor_part"],
  sensorParts: (name: string, generation?: string): Deno.KvKey =>
    generation === undefined ? ["sensor_part", name] : ["sensor_part", name, generation],
  sensorPart: (name: string, generation: string, part: number): Deno.KvKey => ["sensor_part", name, generation, part],
  samples: (partition: string): Deno.KvKey => ["sample", partition],
  sample: (partition: string, group: string, cut: number, part: number): Deno.KvKey => [
    "sample",
    partition,
    group,
    cut,
    part,
  ],
  outputsBegun: (partition: string): Deno.KvKey => ["partition", partition, "outputs_begun"],
  trained: (partition: string): Deno.KvKey => ["partition", partition, "trained"],
  lastCommand: (partition: string): Deno.KvKey => ["partition", partition, "last_command"],
  commands: (partition: string): Deno.KvKey => ["command", partition],
  command: (partition: string, number: number): Deno.KvKey => ["command", partition, number],
  readingsWanted: (): Deno.KvKey => ["meta", "readings_wanted"],
  readingsLive: (partition: string): Deno.KvKey => ["readings_live", partition],
  orders: (): Deno.KvKey => ["order"],
  order: (to: string, id: string): Deno.KvKey => ["order", to, id],
  lastOrder: (): Deno.KvKey => ["meta", "orders"],
  configurations: (): Deno.KvKey => ["configuration"],
  configuration: (version: number): Deno.KvKey => ["configuration", version],
  configurationPlaces: (version?: number): Deno.KvKey =>
    version === undefined ? ["configuration_at"] : ["configuration_at", version],
  configurationAt: (version: number, partition: string): Deno.KvKey => ["configuration_at", version, partition],
  windowsOf: (sensor: string, lengthMs?: number): Deno.KvKey =>
    lengthMs === undefined ? ["window", sensor] : ["window", sensor, lengthMs],
  window: (sensor: string, lengthMs: number, hopMs: number, start: number): Deno.KvKey => [
    "window",
    sensor,
    lengthMs,
    hopMs,
    start,
  ],
  windowTimes: (lengthMs?: number): Deno.KvKey => lengthMs === undefined ? ["window_at"] : ["window_at", lengthMs],
  windowAt: (lengthMs: number, start: number, sensor: string, hopMs: number): Deno.KvKey => [
    "window_at",
    lengthMs,
    start,
    sensor,
    hopMs,
  ],
  readings: (sensor: string): Deno.KvKey => ["readings", sensor],
  readingsChunk: (sensor: string, chunk: number): Deno.KvKey => ["readings", sensor, chunk],
  alerts: (): Deno.KvKey => ["alert"],
  alert: (id: string): Deno.KvKey => ["alert", id],
  alertTimes: (): Deno.KvKey => ["alert_at"],
  alertAt: (raisedAt: number, id: string): Deno.KvKey => ["alert_at", raisedAt, id],
  transitions: (partition: string): Deno.KvKey => ["transition", partition],
  transition: (partition: string, position: number, place: string): Deno.KvKey => [
    "transition",
    partition,
    position,
    place,
  ],
  trimmed: (partition: string): Deno.KvKey => ["transition_trim", partition],
  quarantines: (): Deno.KvKey => ["quarantine"],
  quarantinesOf: (partition: string): Deno.KvKey => ["quarantine", partition],
  quarantine: (partition: string, position: number, reason: string): Deno.KvKey => [
    "quarantine",
    partition,
    position,
    reason,
  ],
  quarantinesRemoved: (): Deno.KvKey => ["quarantine_removed"],
  quarantineRemoved: (partition: string): Deno.KvKey => ["quarantine_removed", partition],
  quarantinesSettled: (): Deno.KvKey => ["quarantine_settled"],
  quarantineSettled: (partition: string): Deno.KvKey => ["quarantine_settled", partition],
  models: (): Deno.KvKey => ["model"],
  model: (name: string): Deno.KvKey => ["model", name],
  modelVersions: (name?: string): Deno.KvKey => name === undefined ? ["model_version"] : ["model_version", name],
  modelVersion: (name: string, version: number): Deno.KvKey => ["model_version", name, version],
  modelParts: (name: string, version?: number): Deno.KvKey =>
    version === undefined ? ["model_part", name] : ["model_part", name, version],
  modelPart: (name: string, version: number, write: string, part: number): Deno.KvKey => [
    "model_part",
    name,
    version,
    write,
    part,
  ],
  outbox: (partition: string, kind: string): Deno.KvKey => ["outbox", partition, kind],
  outboxChunk: (partition: string, kind: string, [cut, from, part]: readonly [number, number, number]): Deno.KvKey => [
    "outbox",
    partition,
    kind,
    cut,
    from,
    part,
  ],
  outboxTotal: (kind: string): Deno.KvKey => ["outbox_total", kind],
  delivery: (sink: string, partition: string, kind: string): Deno.KvKey => ["delivery", sink, partition, kind],
  setAside: (sink: string, partition: string, kind: string, number: number): Deno.KvKey => [
    "set_aside",
    sink,
    partition,
    kind,
    number,
  ],
  epochs: (): Deno.KvKey => ["epoch"],
  epoch: (partition: string, family: string, end: number): Deno.KvKey => ["epoch", partition, family, end],
  epochParts: (partition: string, family: string, end: number): Deno.KvKey => ["epoch_part", partition, family, end],
  epochPart: (partition: string, family: string, end: number, part: number): Deno.KvKey => [
    "epoch_part",
    partition,
    family,
    end,
    part,
  ],
  epochBell: (what: "brought" | "trained"): Deno.KvKey => ["meta", `epoch_${what}`],
  shared: (family: string): Deno.KvKey => ["shared", family],
  sharedModels: (family: string): Deno.KvKey => ["shared_model", family],
  sharedModel: (family: string, group: string): Deno.KvKey => ["shared_model", family, group],
  sharedUses: (family: string, group: string): Deno.KvKey => ["shared_use", family, group],
  sharedUse: (family: string, group: string, end: number): Deno.KvKey => ["shared_use", family, group, end],
  federations: (): Deno.KvKey => ["federation"],
  federation: (group: string): Deno.KvKey => ["federation", group],
  federationRounds: (group: string): Deno.KvKey => ["federation_round", group],
  federationRound: (group: string, round: number): Deno.KvKey => ["federation_round", group, round],
  federationDevices: (group: string): Deno.KvKey => ["federation_device", group],
  federationDevice: (group: string, device: string): Deno.KvKey => ["federation_device", group, device],
  federationUpdate: (group: string, device: string, round: number): Deno.KvKey => [
    "federation_update",
    group,
    device,
    round,
  ],
  labels: (): Deno.KvKey => ["label"],
  label: (time: number, sensor: string): Deno.KvKey => ["label", time, sensor],
  labelCounts: (): Deno.KvKey => ["label_count"],
  labelCount: (group: string): Deno.KvKey => ["label_count", group],
  evaluations: (): Deno.KvKey => ["evaluation"],
  evaluation: (model: string, version: number, kind: string, data: string, part: string): Deno.KvKey => [
    "evaluation",
    model,
    version,
    kind,
    data,
    part,
  ],
  evaluationsOf: (model: string, version?: number): Deno.KvKey =>
    version === undefined ? ["evaluation", model] : ["evaluation", model, version],
  evaluationBlocks: (id: string): Deno.KvKey => ["evaluation_block", id],
  evaluationBlock: (id: string, hour: number, block: number): Deno.KvKey => ["evaluation_block", id, hour, block],
} as const;
