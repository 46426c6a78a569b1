import fc from "fast-check";
import { CommandQueue, COMMANDS_WAITING } from "../../../actors/commands/queue.ts";
import { CommandRefused, type SensorCommand } from "../../../actors/commands/words.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";

const retire = (sensor: string): SensorCommand => ({ command: "retire", sensor, by: "ann" });
const acknowledge = (alert: string): SensorCommand => ({ command: "acknowledge", alert, by: "ann" });

Deno.test("CommandQueue lets all that wait in at a position, numbered as they came", () => {
  const queue = new CommandQueue("p"),
    put = (sensor: string, command: SensorCommand) => void queue.order(sensor, command);
  put("a", acknowledge("p:1:a:limit:t"));
  put("a", acknowledge("p:1:a:limit:t"));
  put("a", retire("a"));
  put("b", retire("b"));
  const enter = (position: number) =>
    queue.takeNew(position, 7).map(({ number, sensor, position, time }) => [number, sensor, position, time]);
  assertEquals(queue.mayEnter, true);
  assertEquals(enter(10), [[1, "a", 10, 7], [2, "a", 10, 7], [3, "a", 10, 7], [4, "b", 10, 7]]);
  assertEquals(queue.mayEnter, false);
  put("a", retire("a"));
  assertEquals(enter(10), [[5, "a", 10, 7]]);
});

Deno.test("CommandQueue tells those who wait once what came of their command is stored", async () => {
  const queue = new CommandQueue("p"), first = queue.order("a", retire("a"));
  queue.takeNew(5, 0);
  const second = queue.order("b", retire("b")), { fresh, last } = queue.record();
  assertEquals([fresh.map(({ sensor }) => sensor), last, queue.isUnstored], [["a"], 1, true]);
  queue.isKept(queue.record());
  assertEquals(queue.record().fresh, []);
  queue.isStored(1);
  assertEquals([await first, queue.isUnstored], [{ partition: "p", position: 5 }, false]);
  const third = queue.order("c", retire("c"));
  assertEquals(queue.takeNew(6, 0).map(({ sensor }) => sensor), ["b", "c"]);
  const fourth = queue.order("d", retire("d"));
  queue.close("p has ended");
  const said = "the command has entered, and may be carried out yet: p has ended";
  for (const one of [second, third]) assertEquals((await assertRejects(() => one, CommandRefused, said)).kind, "late");
  for (const one of [() => fourth, () => queue.order("a", retire("a"))]) {
    assertEquals((await assertRejects(one, CommandRefused, "cannot take a command: p has ended")).kind, "busy");
  }
});

Deno.test("CommandQueue refuses what is one too many, with the numbers", async () => {
  const queue = new CommandQueue("p");
  for (let i = 0; i < COMMANDS_WAITING; i++) queue.order(`s${i}`, retire(`s${i}`)).catch(() => {});
  await assertRejects(() => queue.order("x", retire("x")), CommandRefused, `${COMMANDS_WAITING} wait`);
  queue.close("over");
});

Deno.test("CommandQueue gives recorded commands again in their places, whatever was released and wherever it goes on", () => {
  const moves = fc.array(fc.record({ sensors: fc.array(fc.nat(3), { maxLength: 3 }), step: fc.nat(4) }), {
    maxLength: 30,
  });
  fc.assert(fc.property(moves, fc.nat(60), (moves, from) => {
    const queue = new CommandQueue("p");
    let position = 0;
    for (const { sensors, step } of moves) {
      for (const sensor of sensors) queue.order(`s${sensor}`, retire(`s${sensor}`)).catch(() => {});
      if (queue.mayEnter) queue.takeNew(position, position);
      position += step;
    }
    const { last, fresh } = queue.record(), again = new CommandQueue("p");
    again.restore({ last, items: fresh }, from);
    assertEquals(again.record().released, fresh.filter((one) => one.position < from).map(({ number }) => number));
    const met = [];
    for (let at = from; at <= position; at++) {
      assert(again.nextAgain >= at);
      met.push(...again.takeAgain(at));
    }
    assertEquals([met, again.nextAgain], [fresh.filter((one) => one.position >= from), Infinity]);
    again.order("new", retire("new")).catch(() => {});
    assertEquals(again.takeNew(position, 0).map(({ number }) => number), [last + 1]);
    queue.close("over");
    again.close("over");
  }));
});
