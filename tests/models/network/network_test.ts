/** @module */
import fc from "fast-check";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertThrows,
} from "../../../std/assert.ts";
import { CHANNEL_FEATURES, HOUR_FEATURES } from "../../../models/forest_features.ts";
import { Network } from "../../../models/network/network.ts";
import { WEIGHT_MOST } from "../../../models/network/perceptron.ts";
import { normalAt, Random } from "../../../models/random.ts";
import { Sensor, values } from "./streams.ts";

const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

Deno.test("Network keeps a channel in 1 KiB", () => {
  for (const channels of [1, 4, 10, 50]) {
    const { floats, doubles } = new Network(channels);
    assertLess((4 * floats + 8 * doubles) / channels, 1024, `${channels} channels`);
  }
});

Deno.test("Network.shapes hold its weights", () => {
  const { shapes, weights } = new Network(2);
  assertEquals(shapes, [[5, 13], [10, 6]]);
  assertEquals(shapes.reduce((sum, [rows, columns]) => sum + rows * columns, 0), weights);
});

Deno.test("Network.step() learns what goes together: its loss falls below that of knowing only the means", () => {
  const sensor = new Sensor(3);
  sensor.run(0, 200, 1);
  const early = sensor.net.loss(sensor.doubles, sensor.d);
  sensor.run(200, 4_000, 1);
  const late = sensor.net.loss(sensor.doubles, sensor.d);
  assertLess(late, early / 2);
  assertLess(late, 0.25); // 0.5 is the loss of an answer that is always the mean
});

Deno.test("Network.step() finds what no channel shows alone: two that part ways within their usual range", () => {
  const sensor = new Sensor(2);
  sensor.run(0, 6_000, 2);
  let usual = 0, parted = 0;
  for (let i = 6_000; i < 6_100; i++) {
    const [a, b] = values(2, 2, i);
    sensor.write([a, b]);
    usual += sensor.again() / 100;
    sensor.row[sensor.at + HOUR_FEATURES] = -sensor.row[sensor.at + HOUR_FEATURES] + 0; // the first channel's mean is 0
    parted += sensor.again() / 100;
  }
  assertGreater(parted, 2 * usual);
});

Deno.test("Network.step() says nothing while it warms up, and about 1 where all is usual", () => {
  const sensor = new Sensor(2), errors = sensor.run(0, 3_000, 3);
  assertEquals(errors.slice(0, 60), Array(60).fill(0));
  assert(errors.slice(60).every((error) => error > 0));
  assert(sensor.net.warm(sensor.doubles, sensor.d));
  const usual = mean(errors.slice(1_000));
  assert(usual > 0.5 && usual < 2, `mean error ${usual}`);
});

Deno.test("Network.contributions sum to the error's square, and the altered channel's value leads", () => {
  const sensor = new Sensor(3);
  sensor.run(0, 2_000, 4);
  for (const channel of [0, 1, 2]) {
    const altered = values(3, 4, 2_000);
    altered[channel] += 60 * (channel + 1);
    const error = sensor.step(altered, false), { contributions } = sensor.net;
    assertAlmostEquals(contributions.reduce((sum, one) => sum + one, 0), error * error, 1e-9 * error * error);
    assertEquals([...contributions.subarray(0, HOUR_FEATURES)], [0, 0]);
    assertEquals(contributions.indexOf(Math.max(...contributions)), HOUR_FEATURES + channel * CHANNEL_FEATURES);
    assertGreater(error, 5);
  }
});

Deno.test("Network.expected() is near the value in the unit of the channel", () => {
  const sensor = new Sensor(2);
  assert(Number.isNaN(sensor.net.expected(sensor.floats, sensor.f, sensor.doubles, sensor.d, 1)));
  sensor.run(0, 4_000, 5);
  const next = values(2, 5, 4_000);
  sensor.step(next);
  assertAlmostEquals(sensor.net.expected(sensor.floats, sensor.f, sensor.doubles, sensor.d, 1), next[1], 6);
});

Deno.test("Network.step() changes nothing but its slices, and not even those where it may not learn", () => {
  const sensor = new Sensor(2);
  sensor.run(0, 300, 6);
  const { floats, doubles, f, d, net } = sensor;
  sensor.write(values(2, 6, 300));
  const row = sensor.row.slice(), before = [floats.slice(), doubles.slice()];
  const error = sensor.again(false);
  assertEquals([floats, doubles, sensor.row], [...before, row]);
  assertEquals(sensor.again(true), error); // learning comes after scoring
  assertEquals(sensor.row, row);
  assertEquals([...floats.subarray(0, f), ...floats.subarray(f + net.floats)], Array(8).fill(9));
  assertEquals([...doubles.subarray(0, d), ...doubles.subarray(d + net.doubles)], Array(7).fill(9));
});

Deno.test("Network.step() gives the same again, also from a copy of its state in another place", () => {
  const one = new Sensor(2), other = new Sensor(2);
  assertEquals(one.run(0, 500, 7), other.run(0, 500, 7));
  assertEquals(one.floats, other.floats);
  const plan = new Network(2), floats = one.floats.slice(one.f), doubles = one.doubles.slice(one.d);
  for (let i = 500; i < 700; i++) {
    const error = one.step(values(2, 7, i));
    assertEquals(plan.step(floats, 0, doubles, 0, one.row, one.at, true), error);
  }
  assertEquals(floats, one.floats.slice(one.f));
});

Deno.test("Network.step() says the same in any unit, so that weights mean the same to all sensors", () => {
  const one = new Sensor(2), other = new Sensor(2);
  const errors = one.run(0, 1_000, 8);
  assertEquals(other.run(0, 1_000, 8, (usual) => usual.map((value) => 1_024 * value)), errors);
  assertEquals(other.weights, one.weights);
});

Deno.test("Network.step() is finite whatever comes, and its weights are bounded", () => {
  const wild = fc.oneof(
    fc.double({ noNaN: false }),
    fc.constantFrom(NaN, Infinity, -Infinity, 1e100, -1e100, 0, 1e-300),
    fc.double({ min: -1, max: 1, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(wild, { minLength: 400, maxLength: 1_200 }),
      (channels, data) => {
        const net = new Network(channels, { patience: 20 });
        const floats = new Float32Array(net.floats), doubles = new Float64Array(net.doubles);
        net.begin(floats, 0, doubles, 0, 1);
        const row = new Float64Array(net.inputs);
        for (let at = 0; at < data.length; at++) {
          for (let i = HOUR_FEATURES; i < row.length; i++) row[i] = data[(at + 7 * i) % data.length];
          const error = net.step(floats, 0, doubles, 0, row, 0, true);
          assert(error >= 0 && error < 1e9, `error ${error}`);
        }
        assert(floats.every(Number.isFinite) && doubles.every(Number.isFinite));
        assert(net.contributions.every((one) => one >= 0 && one < 1e18));
      },
    ),
    { numRuns: 25 },
  );
});

Deno.test("Network.step() bounds its weights where every reading pulls one way", () => {
  const net = new Network(50, { patience: 1 }), random = new Random(1);
  const floats = new Float32Array(net.floats),
    doubles = new Float64Array(net.doubles),
    row = new Float64Array(net.inputs);
  net.begin(floats, 0, doubles, 0, 1);
  for (let i = 0; i < 2_048; i++) {
    const side = random.uniform() < 0.5 ? -1e100 : 1e100;
    for (let at = HOUR_FEATURES; at < row.length; at++) row[at] = i < 60 ? random.normal() : side;
    net.step(floats, 0, doubles, 0, row, 0, true);
  }
  assert(floats.subarray(0, net.weights).every((weight) => Math.abs(weight) <= 100 * WEIGHT_MOST));
});

Deno.test("Network.step() is calm about a constant sensor, and not about its first change", () => {
  const sensor = new Sensor(1);
  for (let i = 0; i < 2_000; i++) assertLess(sensor.step([20.1]), 1);
  assertGreater(sensor.step([21]), 5);
});

Deno.test("Network.step() takes what is missing for nothing, and a channel that comes late for a new one", () => {
  const sensor = new Sensor(2);
  const errors = sensor.run(0, 1_000, 9, ([a]) => [a, NaN]);
  assertGreater(errors[999], 0);
  assert(sensor.net.contributions.subarray(HOUR_FEATURES + CHANNEL_FEATURES).every((one) => one === 0));
  const before = sensor.floats.slice();
  assertEquals(sensor.step([NaN, NaN]), 0);
  assertEquals(sensor.floats, before);
  const late = sensor.run(1_000, 2_000, 9);
  assert(late.every((error) => error < 20), `greatest error ${Math.max(...late)}`);
  assertLess(mean(late.slice(500)), 2);
});

Deno.test("Network.step() does not learn an ongoing anomaly", () => {
  const sensor = new Sensor(2);
  sensor.run(0, 5_000, 10);
  const during = sensor.run(5_000, 5_600, 10, ([a, b]) => [a + 60, b]);
  assertGreater(Math.min(...during), 3);
  assertGreater(mean(during.slice(500)), 5);
  const after = sensor.run(5_600, 6_000, 10);
  assertLess(mean(after.slice(20)), 2);
});

Deno.test("Network.step() learns a lasting change within 1,100 readings, and says until then that it is one", () => {
  for (const shift of [60, 1e6]) {
    const sensor = new Sensor(2);
    sensor.run(0, 5_000, 11);
    const errors = sensor.run(5_000, 8_000, 11, ([a, b]) => [a + shift, b]);
    assertGreater(Math.min(...errors.slice(0, 900)), 3);
    assertLess(mean(errors.slice(1_100)), 2);
    assertEquals(sensor.net.changes(sensor.doubles, sensor.d), 1);
    assert(sensor.net.warm(sensor.doubles, sensor.d));
  }
});

Deno.test("Network.step() of a young network is less patient: it knows little yet", () => {
  const sensor = new Sensor(2);
  sensor.run(0, 460, 16, ([a]) => [a, 7]); // still, and then it moves
  const errors = sensor.run(460, 1_000, 16);
  assertGreater(errors[0], 3);
  assertLess(mean(errors.slice(240)), 2);
  assertEquals(sensor.net.changes(sensor.doubles, sensor.d), 1);
});

Deno.test("Network.blend() goes on from alpha of the global weights and the rest of its own", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 1e6 }), (alpha, seed) => {
      const sensor = new Sensor(1, {}, 3), { net, floats, f, doubles, d } = sensor;
      const own = sensor.weights, global = own.map((_, i) => normalAt(seed, i));
      net.blend(floats, f, doubles, d, global, alpha);
      sensor.weights.forEach((weight, i) => assertAlmostEquals(weight, alpha * global[i] + (1 - alpha) * own[i], 1e-5));
      assertEquals(net.rounds(doubles, d), 1);
    }),
    { numRuns: 30 },
  );
});

Deno.test("Network.blend() counts rounds, and readings anew", () => {
  const sensor = new Sensor(1), { net, floats, f, doubles, d } = sensor;
  sensor.run(0, 100, 12);
  assertGreater(net.learnt(doubles, d), 50);
  net.blend(floats, f, doubles, d, sensor.weights, 0.5);
  assertEquals([net.learnt(doubles, d), net.rounds(doubles, d)], [0, 1]);
});

Deno.test("Network.takesPart() once it has learnt 300 readings since the last round", () => {
  const sensor = new Sensor(1), { net, floats, f, doubles, d } = sensor;
  sensor.run(0, 320, 12);
  assertEquals(net.takesPart(doubles, d), false);
  sensor.run(320, 500, 12);
  assert(net.takesPart(doubles, d));
  net.blend(floats, f, doubles, d, sensor.weights, 0.5);
  assertEquals(net.takesPart(doubles, d), false);
});

Deno.test("Network.beginFrom() starts better than from random", () => {
  const teacher = new Sensor(3), fresh = new Sensor(3), helped = new Sensor(3);
  teacher.run(0, 5_000, 13);
  helped.net.beginFrom(helped.floats, helped.f, helped.doubles, helped.d, teacher.weights);
  assertEquals(helped.weights, teacher.weights);
  fresh.run(0, 200, 14);
  helped.run(0, 200, 14);
  const loss = (sensor: Sensor) => sensor.net.loss(sensor.doubles, sensor.d);
  assertLess(loss(helped), loss(fresh) / 2);
});

Deno.test("Network.validate() says what other weights would lose, and changes nothing", () => {
  const sensor = new Sensor(2), { net, floats, f, doubles, d, row, at } = sensor;
  const fresh = new Float32Array(net.weights);
  sensor.write(values(2, 15, 0));
  assert(Number.isNaN(net.validate(fresh, 0, floats, f, doubles, d, row, at)));
  sensor.run(0, 3_000, 15);
  const before = [floats.slice(), doubles.slice()];
  const own = net.validate(sensor.weights, 0, floats, f, doubles, d, row, at);
  assertGreater(net.validate(fresh, 0, floats, f, doubles, d, row, at), own);
  sensor.again();
  assertEquals(net.lastLoss, own);
  assertEquals([floats, doubles], before);
});

Deno.test("Network() and its rounds refuse what is out of range", () => {
  assertThrows(() => new Network(0), RangeError, "0 channels: a whole number from 1 to 50");
  assertThrows(() => new Network(51), RangeError, "51 channels");
  assertThrows(() => new Network(1, { hidden: 65 }), RangeError, "65 hidden units: a whole number from 1 to 64");
  assertThrows(() => new Network(1, { patience: 0.5 }), RangeError, "0.5 readings of patience");
  assertThrows(() => new Network(1, { rate: 0 }), RangeError, "learning rate 0: it must be above 0 and at most 0.1");
  const { net, floats, f, doubles, d, weights } = new Sensor(1);
  assertThrows(() => net.blend(floats, f, doubles, d, weights, 1.5), RangeError, "alpha must be from 0 to 1");
  assertThrows(
    () => net.beginFrom(floats, f, doubles, d, new Float32Array(3)),
    RangeError,
    `cannot take 3 weights: a network of 1 channels has ${net.weights}`,
  );
});
