/**
 * Readings by POST through a fleet whose processes are killed at random, beside somebody who follows the alerts; and what
 * must have become of them: each reading that was accepted counts once, every sensor is as if one process had had its
 * readings in peace, and the follower was given every alert.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";
import { Random } from "../../models/random.ts";
import { assertEquals } from "../../std/assert.ts";
import type { KvPort } from "../../store/kv.ts";
import { KV_TOKEN } from "../servers/kv.ts";
import { Fleet } from "./fleet.ts";
import { Follower } from "./follower.ts";
import { digests, peacefulDigests, stored } from "./reference.ts";

/** Limits, so that there are alerts; everything judges. */
export const JUDGING = { types: { press: { channels: { pressure: { high: 8 } } } } };
/** Readings of a POST. */
const BATCH = 20;
/** Who sends at the same time. */
const CLIENTS = 4;
/** Event time between two readings of a sensor, ms. */
const STEP_MS = 1_000;
/** Time of the first readings. */
const BEGINNING = 1_760_000_000_000;
/** How often a client sends a body again. */
const SENDS = 200;

/** What is sent. */
export interface ChaosOptions {
  readonly readings: number;
  readonly sensors: number;
  /** Kills, spread over the sending. */
  readonly kills: number;
  readonly processes: number;
  readonly seed: number;
  /** Told how far it is, a sentence at each tenth. */
  readonly report?: (sentence: string) => void;
}

/** What came of it. */
export interface ChaosResult {
  /** Readings that were accepted, and how long an answer took at the most and in the middle, ms. */
  readonly accepted: number;
  readonly answerMs: { readonly median: number; readonly p99: number };
  /** Ids of the transitions that the follower was given, in order, those given again left out. */
  readonly followed: readonly string[];
  /** How often the follower had to connect again. */
  readonly moves: number;
}

/** A reading of a sensor: a slow wave, noise, and now and then above the limit. */
function reading(sensor: number, i: number, random: Random): Reading {
  const wave = 5 + Math.sin(i / 20 + sensor), broken = i % 20 > 12;
  return {
    sensor: `press-${sensor}`,
    type: "press",
    time: BEGINNING + i * STEP_MS,
    values: { pressure: broken ? 9 : wave + 0.1 * random.uniform(), speed: 100 + random.normal() },
  };
}

/** Runs all of it over a store, and asserts what must hold. */
export async function deployChaos(kv: string, options: ChaosOptions): Promise<ChaosResult> {
  const env = { SENSORIUM_JUDGING: JSON.stringify(JUDGING), DENO_KV_ACCESS_TOKEN: KV_TOKEN };
  await using fleet = await Fleet.start({ processes: options.processes, kv, env });
  using store = await Deno.openKv(kv);
  const result = await chaos(fleet, options, store);
  assertEquals(result.accepted, options.readings);
  const taken = await stored(fleet.url, options.sensors);
  for (const [sensor, mine] of taken) {
    const times = mine.map(({ reading: { time } }) => time);
    const sent = Array.from({ length: options.readings / options.sensors }, (_, i) => BEGINNING + i * STEP_MS);
    assertEquals([sensor, times], [sensor, sent]);
  }
  assertEquals(await digests(store), await peacefulDigests(taken.values()));
  assertEquals([...result.followed].sort(), (await transitions(store)).sort());
  return result;
}

/** Sends everything, kills meanwhile, and waits until the follower has what is stored. */
async function chaos(fleet: Fleet, options: ChaosOptions, kv: KvPort): Promise<ChaosResult> {
  const { readings, sensors, kills, processes, seed } = options, bodies = readings / BATCH;
  const killer = new Random(seed), killAt = new Set<number>();
  while (killAt.size < Math.min(kills, bodies)) killAt.add(killer.integer(bodies));
  const follower = new Follower(fleet.url), took: number[] = [], killing: Promise<void>[] = [];
  const killed = () => `${killing.length} kills`, began = performance.now();
  let sent = 0, accepted = 0;
  await follower.begun;
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    const random = new Random(seed + client), mine = sensors / CLIENTS;
    for (let i = 0; i < bodies / CLIENTS; i++) {
      if (killAt.has(sent++)) killing.push(fleet.kill(killer.integer(processes)));
      const body = Array.from({ length: BATCH }, (_, k) => {
        const n = i * BATCH + k;
        return reading(client * mine + n % mine, Math.floor(n / mine), random);
      });
      const begun = performance.now();
      const count = await send(fleet.url, JSON.stringify(body), `${client}-${i}`);
      accepted += count;
      if (took.push(performance.now() - begun) % Math.ceil(bodies / 10) === 0) {
        const seconds = ((performance.now() - began) / 1000).toFixed(0);
        options.report?.(`${seconds} s: ${accepted} of ${readings} readings accepted, ${killed()}`);
      }
    }
  }));
  await Promise.all(killing);
  await send(fleet.url, "[]", "last"); // what a killed process has logged and not applied
  const stored = await transitions(kv);
  await follower.until(stored.length);
  took.sort((a, b) => a - b);
  return {
    accepted,
    answerMs: { median: took[took.length >> 1], p99: took[Math.floor(took.length * 0.99)] },
    followed: follower.ids,
    moves: follower.moves,
  };
}

/** Sends a body until it is taken; how many readings were. */
async function send(url: string, body: string, key: string): Promise<number> {
  for (let tries = 0; tries < SENDS; tries++) {
    const answer = await fetch(`${url}/readings`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body,
    });
    const text = await answer.text();
    if (answer.status === 202) return (JSON.parse(text) as { accepted: number }).accepted;
    if (answer.status < 500 && answer.status !== 409) throw new Error(`${answer.status}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 20)); // the process starts, or takes it still
  }
  throw new Error(`a body was not taken in ${SENDS} tries`);
}

/** Ids of all transitions that are stored. */
async function transitions(kv: KvPort): Promise<string[]> {
  const ids: string[] = [];
  for await (const { value } of kv.list<{ id: string }>({ prefix: ["transition"] })) ids.push(value.id);
  return ids;
}
