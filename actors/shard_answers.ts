/**
 * What a shard says of its actors when it is asked.
 *
 * @module
 */
import { addCounts, AGREEMENT_DOUBLES } from "../models/agreement.ts";
import { DELAYS_DOUBLES } from "../models/agreement_delay.ts";
import { HASH_LENGTH, mixNumber, mixText } from "../models/hash.ts";
import type {
  GroupAgreement,
  SensorDigest,
  ShardAnswer,
  ShardAsk,
  ShardCounters,
  ShardMemory,
  StateCounts,
} from "./batch.ts";
import type { SensorActor } from "./sensor/actor.ts";
import { COMPARED, HEADER, JUDGEMENT } from "./sensor/layout.ts";
import { statusOf, viewReadings, viewSensor } from "./sensor/view.ts";
import type { FeatureContribution, SensorView } from "./views.ts";

/**
 * Answers a question over a shard's actors, by the numbers of their sensors.
 *
 * @param contributions what the features of a sensor did to its forest's score
 * @param counters what the shard counts
 */
export function answerAsk(
  ask: ShardAsk,
  actors: readonly (SensorActor | undefined)[],
  contributions: (actor: SensorActor) => readonly FeatureContribution[],
  counters: () => ShardCounters,
): ShardAnswer {
  const asked = () =>
    (ask.sensors ?? []).map((sensor) => actors[sensor]).filter((actor) => actor !== undefined).filter(wasHeard);
  const present = () => actors.filter((actor) => actor !== undefined);
  switch (ask.about) {
    case "sensors":
      return { about: "sensors", views: asked().map((actor) => viewWith(actor, contributions(actor))) };
    case "readings":
      return { about: "readings", readings: asked().flatMap(viewReadings) };
    case "times": {
      const heard = actors.flatMap((actor, sensor) =>
        actor !== undefined && wasHeard(actor) ? [{ actor, sensor }] : []
      );
      const times = heard.map(({ actor: { state } }) => state[HEADER.greatest]);
      return { about: "times", sensors: heard.map(({ sensor }) => sensor), times };
    }
    case "digests":
      return { about: "digests", digests: present().filter(wasHeard).map(digestOf) };
    case "states":
      return { about: "states", states: countStates(present().filter(isOf(ask.partition))) };
    case "agreement":
      return { about: "agreement", tables: sumAgreements(present().map(agreementIn)) };
    case "counters":
      return { about: "counters", counters: counters() };
    case "memory":
      return { about: "memory", memory: countBytes(present()) };
  }
}

function viewWith(actor: SensorActor, contributions: readonly FeatureContribution[]): SensorView {
  return { ...viewSensor(actor), ...(contributions.length > 0 ? { forest_contributions: contributions } : {}) };
}

function isOf(partition: string | undefined): (actor: SensorActor) => boolean {
  return (actor) => partition === undefined || actor.partition === partition;
}

/** Whether anything ever happened to the sensor; one that only sent what is no reading is in memory, but not a part of what came out. */
export function wasHeard({ state }: SensorActor): boolean {
  return state[HEADER.greatest] >= 0 || state[HEADER.failure + 1] >= 0;
}

/** What a sensor adds to a run's digest: its rolling hash of outputs, and a hash of its state as it stands. */
export function digestOf(actor: SensorActor): SensorDigest {
  const { state, floats, plan } = actor, lanes = new Float64Array(HASH_LENGTH);
  for (const channel of plan.channels) mixText(lanes, 0, channel);
  mixText(lanes, 0, JSON.stringify([plan.type ?? null, actor.location ?? null]));
  for (let i = HEADER.applied + 1; i < state.length; i++) mixNumber(lanes, 0, state[i]);
  for (let i = 0; i < floats.length; i++) mixNumber(lanes, 0, floats[i]);
  for (const number of actor.lives?.data ?? []) mixNumber(lanes, 0, number);
  return { name: actor.name, lanes: [state[HEADER.hash], state[HEADER.hash + 1], lanes[0], lanes[1]] };
}

/** Counts of no sensors. */
export const NO_STATES: StateCounts = {
  sensors: 0,
  anomalous: 0,
  silent: 0,
  stuck: 0,
  dirty: 0,
  warming_up: 0,
  failed: 0,
  retired: 0,
  maintenance: 0,
  active_alerts: 0,
};

/** How many of them are how. */
export function countStates(actors: readonly SensorActor[]): StateCounts {
  const counts = { ...NO_STATES, sensors: actors.length };
  for (const actor of actors) {
    const { state, isAnomaly, alerts } = statusOf(actor);
    if (state !== "ok") counts[state]++;
    if (isAnomaly) counts.anomalous++;
    counts.active_alerts += alerts.length;
  }
  return counts;
}

/** Bytes of an actor's state; its history is counted apart. */
function stateBytesOf({ state, floats, lives }: SensorActor): number {
  return state.byteLength + floats.byteLength + (lives?.data.byteLength ?? 0);
}

/** Bytes that an actor holds. */
export function bytesOf(actor: SensorActor): number {
  return stateBytesOf(actor) + (actor.history?.bytes ?? 0);
}

function countBytes(actors: readonly SensorActor[]): ShardMemory {
  let stateBytes = 0, historyBytes = 0;
  for (const actor of actors) {
    stateBytes += stateBytesOf(actor);
    historyBytes += actor.history?.bytes ?? 0;
  }
  return { sensors: actors.length, stateBytes, historyBytes };
}

/** A sensor's tables; undefined where rules alone judge. */
export function agreementIn({ state, plan }: SensorActor): GroupAgreement | undefined {
  if (!plan.judge) return undefined;
  const counts = plan.judgementAt + JUDGEMENT.agreement, delays = plan.judgementAt + JUDGEMENT.delays;
  return {
    group: plan.group,
    counts: state.slice(counts, counts + COMPARED.length * AGREEMENT_DOUBLES),
    delays: state.slice(delays, delays + (COMPARED.length + 1) * DELAYS_DOUBLES),
  };
}

/** Tables of sensors or shards, summed group by group, in order of name. */
export function sumAgreements(tables: readonly (GroupAgreement | undefined)[]): GroupAgreement[] {
  const groups = new Map<string, GroupAgreement>();
  for (const table of tables) {
    if (!table) continue;
    const known = groups.get(table.group);
    if (!known) groups.set(table.group, { ...table, counts: table.counts.slice(), delays: table.delays.slice() });
    else {
      addCounts(known.counts, 0, table.counts, 0, known.counts.length);
      addCounts(known.delays, 0, table.delays, 0, known.delays.length);
    }
  }
  return [...groups.values()].sort((a, b) => a.group < b.group ? -1 : 1);
}
