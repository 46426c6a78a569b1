/** @module */
import fc from "fast-check";
import { SOURCE_TIME_SENSORS, SourceTime } from "../../actors/source_time.ts";
import { assert, assertEquals } from "../../std/assert.ts";

const note = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 100_000 }));

/** What several sensors have reached, from the maxima of all of them; it never falls. */
class NaiveSourceTime {
  readonly maxima = new Map<number, number>();
  time = -1;

  note(sensor: number, time: number): void {
    this.maxima.set(sensor, Math.max(time, this.maxima.get(sensor) ?? -1));
    const farthest = [...this.maxima.values()].sort((a, b) => b - a).slice(0, SOURCE_TIME_SENSORS);
    this.time = Math.max(this.time, farthest[farthest.length - 1]);
  }
}

Deno.test("SourceTime.note() agrees with the maxima of all sensors", () => {
  fc.assert(fc.property(fc.array(note, { maxLength: 80 }), (notes) => {
    const naive = new NaiveSourceTime(), time = new SourceTime(1_000);
    for (const [sensor, at] of notes) {
      naive.note(sensor, at);
      time.note(sensor, at);
      assertEquals(time.time, naive.time);
    }
  }));
});

Deno.test("SourceTime.note() is moved by no single fast clock once three sensors were heard", () => {
  const time = new SourceTime(1_000);
  for (const sensor of [1, 2, 3]) time.note(sensor, 5_000);
  for (let i = 0; i < 10; i++) time.note(9, 1_000_000 + i);
  assertEquals(time.time, 5_000);
});

Deno.test("SourceTime.tick() gives each multiple at most once, in order, several that were passed as one", () => {
  fc.assert(fc.property(fc.array(note, { maxLength: 80 }), (notes) => {
    const time = new SourceTime(1_000);
    let last = -1, begun = false;
    for (const [sensor, at] of notes) {
      time.note(sensor, at);
      const due = time.time - time.time % 1_000, tick = time.tick();
      if (!begun) assertEquals(tick, -1, "the first time is no tick: nobody can have been silent before");
      else assertEquals(tick, due > last ? due : -1);
      if (!begun || due > last) last = due;
      begun = true;
      assertEquals(time.tick(), -1);
    }
  }));
});

Deno.test("SourceTime.restore() goes on as if nothing had happened, under other numbers of the sensors", () => {
  fc.assert(fc.property(fc.array(note, { maxLength: 60 }), fc.nat(60), (notes, cut) => {
    const whole = new SourceTime(1_000), first = new SourceTime(1_000);
    let second = new SourceTime(1_000);
    const name = (sensor: number) => `s${sensor}`, other = (of: string) => 100 - Number(of.slice(1));
    notes.forEach(([sensor, at], i) => {
      whole.note(sensor, at);
      const tick = whole.tick();
      if (i < cut) {
        first.note(sensor, at);
        first.tick();
        second = new SourceTime(1_000);
        second.restore(JSON.parse(JSON.stringify(first.record(name))), other);
      } else {
        second.note(other(name(sensor)), at);
        assertEquals([second.time, second.tick()], [whole.time, tick]);
      }
    });
  }));
});

Deno.test("SourceTime.advance() moves it forward only, as a clock's tick does", () => {
  const time = new SourceTime(1_000);
  time.note(1, 5_500);
  assertEquals(time.tick(), -1);
  time.advance(7_200);
  assertEquals(time.tick(), 7_000);
  time.advance(6_000);
  assert(time.time === 7_200 && time.tick() === -1);
});
