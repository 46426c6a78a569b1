/**
 * Hours of the simulated facility with faults put in, through the limits and the silence of every sensor: which alerts are
 * raised, and how many.
 *
 * One reading in twenty of the facility is an injected spike, so that a rule that raises at one reading is heard all day.
 *
 * @module
 */
import { Floods } from "../../actors/alerts/flood.ts";
import { type AlertRecord, foldAlert } from "../../actors/alerts/fold.ts";
import { LEVEL, levelOf, livesWake, moveLife, tickLives } from "../../actors/alerts/life.ts";
import { Lives } from "../../actors/alerts/lives.ts";
import { Performance, type PerformanceView } from "../../actors/alerts/performance.ts";
import { type AlertsConfig, makeRules } from "../../actors/alerts/rules.ts";
import type { AlertSelf } from "../../actors/alerts/tell.ts";
import { type AlertStep, type Condition, CONDITIONS } from "../../actors/alerts/words.ts";
import { facility } from "../../data/facility.ts";

const MINUTE = 60_000, HOUR = 60 * MINUTE, TICK_MS = 10_000, SILENT_MS = 20_000;
const LIMIT = CONDITIONS.indexOf("limit"), SILENT = CONDITIONS.indexOf("silent");
/** When the day begins. */
const START = Date.UTC(2026, 0, 31);

/** A fault that was put in. */
export interface Fault {
  readonly what: string;
  readonly sensor: string;
  readonly condition: Condition;
  /** From the beginning, ms. */
  readonly from: number;
  readonly to: number;
}

/** What became of a fault. */
export interface FaultSeen extends Fault {
  /** Alerts of its sensor and condition that were raised while it lasted. */
  readonly raised: number;
  /** From its beginning to the first of them, ms; absent if there was none. */
  readonly delayMs?: number;
}

/** What became of the hours. */
export interface Day {
  readonly alerts: readonly AlertRecord[];
  readonly performance: PerformanceView;
  readonly floods: number;
  readonly faults: readonly FaultSeen[];
  /** Alerts that belong to no fault: spikes that came close together. */
  readonly spikes: number;
}

const FLOOR = "manufacturing-floor";
const ROOM = ["temperature", "humidity", "air-quality", "pressure", "co2"].map((kind) => `${FLOOR}-${kind}`);

/** The faults. */
export const FAULTS: readonly Fault[] = [
  fault("overheats", "server-room-temperature", "limit", 30, 60),
  fault("swings around its limit", "office-humidity", "limit", 65, 85),
  fault("is away", "warehouse-co2", "silent", 70, 85),
  fault("comes and goes", "laboratory-pressure", "silent", 90, 100),
  ...ROOM.map((sensor) => fault("out of bounds with its room", sensor, "limit", 110, 114)),
  ...ROOM.map((sensor) => fault("cut off with its room", sensor, "silent", 115, 119)),
];

function fault(what: string, sensor: string, condition: Condition, from: number, to: number): Fault {
  return { what, sensor, condition, from: from * MINUTE, to: to * MINUTE };
}

interface Watched {
  readonly self: AlertSelf;
  readonly low: number;
  readonly high: number;
  readonly lives: Lives;
  last: number;
}

/**
 * Plays the hours.
 *
 * @param hours more than 2 hold all faults
 * @param deadband as a part of what is between the limits
 */
export function playDay(hours: number, config: AlertsConfig, deadband: number): Day {
  const world = facility(), run = { seed: 42, anchor: START, intervalMs: world.intervalMs };
  const floods = new Floods("facility"), known = new Map<string, AlertRecord>();
  let began = 0;
  const steps: AlertStep[] = [], give = (step: AlertStep) => void steps.push(step);
  const fold = (step: AlertStep) => {
    const record = foldAlert(known.get(step.alert), step);
    if (record) known.set(step.alert, record);
    began += floods.take(step).filter(({ transition }) => transition === "began").length;
  };
  const sensors = world.sensors.map((sensor) => watch(sensor, world.types, config));
  const rounds = Math.floor(hours * HOUR / run.intervalMs);
  for (let round = 0; round < rounds; round++) {
    const time = START + round * run.intervalMs;
    sensors.forEach((watched, place) => {
      const position = round * world.perRound + place, reading = world.reading(position, run);
      const value = reading && Object.values(reading.values)[0];
      if (typeof value === "number") {
        take(watched, worsened(watched, value, time - START), time, position, deadband, give);
      }
    });
    // Ticks have a place of their own, behind the round.
    if (time % TICK_MS === 0) {
      sensors.forEach((watched) => tick(watched, time, (round + 1) * world.perRound - 0.5, give));
    }
    steps.splice(0).sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1)).forEach(fold);
  }
  return { ...judged([...known.values()], hours), floods: began };
}

function watch(
  { name, type, location }: { readonly name: string; readonly type: string; readonly location?: string },
  types: ReturnType<typeof facility>["types"],
  config: AlertsConfig,
): Watched {
  const [channel, of] = Object.entries(types[type].channels)[0];
  const self = { partition: "facility", sensor: name, type, location, channels: [channel], units: [of.unit] };
  const { low = -Infinity, high = Infinity } = of;
  return { self: { ...self, rules: makeRules(config) }, low, high, lives: new Lives(), last: START };
}

/** The value with the faults of that moment; NaN where nothing is heard. */
function worsened({ self, low, high }: Watched, value: number, at: number): number {
  for (const { what, sensor, from, to } of FAULTS) {
    if (sensor !== self.sensor || at < from || at >= to) continue;
    if (what === "overheats" || what.startsWith("out of")) return high + (high - low) * 0.1;
    if (what.startsWith("swings")) return high + (at / 2000 % 2 < 1 ? 0.3 : -0.3);
    if (what === "comes and goes") return at % 35_000 < 30_000 ? NaN : value;
    return NaN;
  }
  return value;
}

function take(
  watched: Watched,
  value: number,
  time: number,
  position: number,
  deadband: number,
  give: (step: AlertStep) => void,
): void {
  const { lives, self, low, high } = watched;
  if (Number.isNaN(value)) return;
  watched.last = time;
  if (lives.tends(SILENT)) moveLife(lives, self, SILENT, -1, LEVEL.quiet, NaN, NaN, NaN, time, position, give);
  const level = levelOf(value, low, high, deadband * (high - low));
  if (level === LEVEL.broken || lives.tends(LIMIT)) {
    moveLife(lives, self, LIMIT, 0, level, value, low, high, time, position, give);
  }
}

function tick({ lives, self, last }: Watched, time: number, position: number, give: (step: AlertStep) => void): void {
  if (time - last >= SILENT_MS) {
    moveLife(lives, self, SILENT, -1, LEVEL.broken, NaN, -Infinity, Infinity, time, position, give);
  }
  if (time >= livesWake(lives, self.rules)) tickLives(lives, self, time, position, give);
}

function judged(alerts: readonly AlertRecord[], hours: number): Omit<Day, "floods"> {
  const performance = new Performance(START, START + hours * HOUR);
  for (const alert of alerts) performance.add(alert);
  const belongs = (alert: AlertRecord, { sensor, condition, from, to }: Fault) =>
    alert.sensor === sensor && alert.condition === condition && alert.raised_at >= START + from &&
    alert.raised_at < START + to + SILENT_MS + TICK_MS;
  const faults = FAULTS.map((one): FaultSeen => {
    const own = alerts.filter((alert) => belongs(alert, one)).map(({ raised_at }) => raised_at);
    const delay = own.length === 0 ? {} : { delayMs: Math.min(...own) - START - one.from };
    return { ...one, raised: own.length, ...delay };
  });
  const spikes = alerts.filter((alert) => !FAULTS.some((one) => belongs(alert, one))).length;
  return { alerts, performance: performance.view(), faults, spikes };
}
