/**
 * What sensors gain by learning together: `deno task bench federation [--days=N] [--least=N]`.
 *
 * Ten sensors of a type with a network each, all from the same seed: federated (a round every 30 minutes of event time,
 * of those that have learnt enough), alone, and one network that is trained on the readings of all ten (each at its
 * sensor's own scale, at a tenth of the learning rate, since it takes ten times the steps; more than federation may do,
 * for it needs the readings themselves). The loss is that of every reading before it is learnt: half the mean square of
 * its errors in the sensor's own deviations, at most 2, so that a sensor that dies does not drown the others; an answer
 * that always is the mean would lose about 0.5. Once without the tenth of the readings that lose most (gaps, dirt and
 * failures, which a network should not follow), once with all.
 *
 * Then: what the networks would lose on ten other sensors; how these learn when they begin with the global network,
 * against random weights; and the ways to join weights where one of the ten sends other weights than it has.
 *
 * @module
 */
import { factory } from "../data/factory.ts";
import { motes } from "../data/motes.ts";
import { aggregate, type Aggregation, AGGREGATIONS, PARTICIPANTS_LEAST } from "../models/federation/aggregate.ts";
import { Network, ROUND_READINGS } from "../models/network/network.ts";
import { normalAt } from "../models/random.ts";
import { flag } from "./_measure.ts";
import { scenarioRows, type SensorRows } from "./_network_rows.ts";

const ROUND_MS = 30 * 60_000, HOUR_MS = 3_600_000, LOSS_MOST = 2, SEED = 42, SENSORS = 10;
/** Readings that a sensor must have learnt since its last round. */
const LEAST = Number(flag("least", String(ROUND_READINGS)));

/** A sensor with its network, going through its rows. */
class Learner {
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  #next = 0;

  constructor(readonly net: Network, readonly sensor: SensorRows, global?: Float32Array) {
    this.floats = new Float32Array(net.floats);
    this.doubles = new Float64Array(net.doubles);
    if (global) net.beginFrom(this.floats, 0, this.doubles, 0, global);
    else net.begin(this.floats, 0, this.doubles, 0, SEED);
  }

  get weights(): Float32Array {
    return this.floats.subarray(this.net.weightsAt, this.net.weightsAt + this.net.weights);
  }

  /** Readings so far. */
  get count(): number {
    return this.#next;
  }

  /** Time of the next reading; infinite after the last. */
  get time(): number {
    return this.sensor.times[this.#next] ?? Infinity;
  }

  /** Judges and learns the next reading; returns its loss, NaN while its scale is not known. */
  step(): number {
    const { net, sensor, floats, doubles } = this, at = this.#next++ * net.inputs;
    const warm = net.warm(doubles, 0);
    net.step(floats, 0, doubles, 0, sensor.rows, at, true);
    return warm ? net.lastLoss : NaN;
  }
}

/** Losses by sensor and by stretch of its life, in time or in readings. */
class Losses {
  readonly #of = new Map<number, number[][]>();

  /** @param ends of the stretches, ascending */
  constructor(readonly ends: readonly number[]) {}

  add(sensor: number, after: number, loss: number): void {
    const stretch = this.ends.findIndex((end) => after < end);
    if (stretch < 0 || loss !== loss) return;
    let stretches = this.#of.get(sensor);
    if (!stretches) this.#of.set(sensor, stretches = this.ends.map(() => []));
    stretches[stretch].push(Math.min(LOSS_MOST, loss));
  }

  /** Mean over sensors of the mean of each, by stretch, without the share of the readings that lost most. */
  means(without: number): number[] {
    return this.ends.map((_, stretch) =>
      mean([...this.#of.values()].map((stretches) => {
        const sorted = Float64Array.from(stretches[stretch]).sort();
        return mean(sorted.subarray(0, Math.ceil((1 - without) * sorted.length)));
      }))
    );
  }
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** How a run learns together. */
interface Together {
  readonly alpha: number;
  readonly method?: Aggregation;
  /** Changes what the first of the sensors sends. */
  readonly poison?: (weights: Float32Array, round: number) => Float32Array;
  /** Whose losses count; all unless said otherwise. */
  readonly honest?: (place: number) => boolean;
  /** Whether stretches are in readings instead of time. */
  readonly byReadings?: boolean;
}

/** What a run leaves behind. */
interface Outcome {
  /** The last global weights. */
  readonly global: Float32Array;
  /** Those of each sensor. */
  readonly own: readonly Float32Array[];
}

/** Runs sensors side by side in time, with rounds. */
function run(sensors: readonly SensorRows[], losses: Losses, how: Together, from?: Float32Array): Outcome {
  const net = new Network(sensors[0].channels), learners = sensors.map((sensor) => new Learner(net, sensor, from));
  const start = Math.min(...learners.map(({ time }) => time));
  let global: Float32Array = learners[0].weights.slice();
  for (let end = start + ROUND_MS; learners.some(({ time }) => time < Infinity); end += ROUND_MS) {
    learners.forEach((one, place) => {
      while (one.time < end) {
        const after = one.time - start, loss = one.step();
        if (how.honest?.(place) ?? true) losses.add(place, how.byReadings ? one.count : after, loss);
      }
    });
    const round = Math.round((end - start) / ROUND_MS);
    const taking = learners.flatMap((one, place) => net.learnt(one.doubles, 0) >= LEAST ? [{ one, place }] : []);
    if (taking.length < PARTICIPANTS_LEAST) continue;
    const updates = taking.map(({ one, place }) => {
      const own = one.weights.slice(), weights = place === 0 && how.poison ? how.poison(own, round) : own;
      const readings = net.learnt(one.doubles, 0), loss = net.loss(one.doubles, 0);
      return { id: String(place), weights, readings, loss };
    });
    global = aggregate(updates, { method: how.method }).weights;
    for (const { one } of taking) net.blend(one.floats, 0, one.doubles, 0, global, how.alpha);
  }
  return { global, own: learners.map((one) => one.weights) };
}

/** One network on the readings of all sensors, in order of time, each at its sensor's own scale. */
function runCentral(sensors: readonly SensorRows[], losses: Losses): Float32Array {
  const net = new Network(sensors[0].channels, { rate: 0.02 / sensors.length });
  const learners = sensors.map((sensor) => new Learner(net, sensor));
  const start = Math.min(...learners.map(({ time }) => time)), shared = learners[0].weights.slice();
  for (;;) {
    const next = learners.reduce((first, one) => one.time < first.time ? one : first);
    if (next.time === Infinity) return shared;
    const after = next.time - start;
    next.weights.set(shared);
    losses.add(learners.indexOf(next), after, next.step());
    shared.set(next.weights);
  }
}

const POISONS: readonly (readonly [string, Together["poison"]])[] = [
  ["what it has", undefined],
  ["its weights turned round, tenfold", (weights) => weights.map((weight) => -10 * weight)],
  ["random weights", (weights, round) => weights.map((_, i) => 3 * normalAt(7, i, round))],
];

/** Mean loss that each of the given weights has, without being trained, on every tenth reading of sensors it never met. */
function unseenLosses(weights: readonly Float32Array[], sensors: readonly SensorRows[]): Losses {
  const losses = new Losses([Infinity]);
  sensors.forEach((sensor, place) => {
    const net = new Network(sensor.channels), learner = new Learner(net, sensor); // finds the sensor's scale
    while (learner.time < Infinity) {
      const at = learner.count * net.inputs;
      for (const own of learner.count % 10 === 0 ? weights : []) {
        losses.add(place, 0, net.validate(own, 0, learner.floats, 0, learner.doubles, 0, sensor.rows, at));
      }
      learner.step();
    }
  });
  return losses;
}

/** Share of the readings of a stretch that is left out as anomalous, the greatest losses. */
const LEFT_OUT = 0.1;

function say(name: string, cells: readonly (string | number)[]): void {
  const texts = cells.map((cell) => (typeof cell === "number" ? cell.toFixed(4) : cell).padStart(11));
  console.log(`${name.padEnd(52)}${texts.join("")}`);
}

/** All tables of a type. */
function compare(name: string, all: readonly SensorRows[], hours: readonly number[]): void {
  const ten = all.slice(0, SENSORS), others = all.slice(SENSORS, 2 * SENSORS);
  const ends = hours.map((hour) => hour * HOUR_MS), heads = hours.map((hour) => `${hour} h`);
  const runs = new Map<string, Losses>(), frozen = new Map<string, readonly Float32Array[]>();
  let global: Float32Array | undefined;
  for (const alpha of [0, 0.1, 0.25, 0.5, 1]) {
    const losses = new Losses(ends), last = run(ten, losses, { alpha });
    if (alpha === 0) frozen.set("each that learnt alone", last.own);
    if (alpha === 0.5) frozen.set("the global one", [global = last.global]);
    runs.set(alpha === 0 ? "alone (alpha 0)" : `federated, alpha ${alpha}`, losses);
  }
  const central = new Losses(ends);
  frozen.set("the one trained on all readings", [runCentral(ten, central)]);
  runs.set("one network on all readings", central);
  say(`\n${name}: loss without the greatest tenth, up to`, heads);
  for (const [label, losses] of runs) say(label, losses.means(LEFT_OUT));
  say(`\n${name}: loss of all readings, up to`, heads);
  for (const [label, losses] of runs) say(label, losses.means(0));

  say(`\n${name}: frozen, on ten sensors it never met`, ["usual", "all"]);
  for (const [label, weights] of frozen) {
    const losses = unseenLosses(weights, others);
    say(label, [...losses.means(LEFT_OUT), ...losses.means(0)]);
  }

  const first = [100, 300, 1_000, 3_000, 10_000];
  say(`\n${name}: ten new sensors alone, all readings up to`, first.map((count) => `${count}th`));
  for (const [label, from] of [["from random weights", undefined], ["from the global network", global]] as const) {
    const losses = new Losses(first);
    run(others, losses, { alpha: 0, byReadings: true }, from);
    say(label, losses.means(0));
  }

  for (const [poison, change] of POISONS) {
    say(`\n${name}: nine honest, one sends ${poison}`, heads);
    for (const method of AGGREGATIONS) {
      const losses = new Losses(ends);
      run(ten, losses, { alpha: 0.5, method, poison: change, honest: (place) => place > 0 });
      say(method, losses.means(LEFT_OUT));
    }
  }
}

const days = Number(flag("days", "4"));
const MOTE = ["temperature", "humidity", "voltage"], MACHINE = ["vibration", "temperature", "pressure"];
compare("motes", scenarioRows(motes(), () => MOTE, Math.ceil(days * 86_400 / 31)), [6, 12, 24, 24 * days]);
const machines = [1, 2, 3].flatMap((seed) => scenarioRows(factory(), () => MACHINE, 24 * 3_600, { seed }));
compare("machines", machines.map((one, at) => ({ ...one, name: `${one.name}/${at}` })), [1, 2, 6, 24]);
