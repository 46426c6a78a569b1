import { taskLine, taskOn } from "../../../commands/process/task_line.ts";
import { assertEquals } from "../../../std/assert.ts";

Deno.test("taskLine() quotes what a shell would take apart", () => {
  assertEquals(taskLine(["backtest", "a b.csv", "it's"]), `deno task backtest 'a b.csv' 'it'\\''s'`);
});

Deno.test("taskOn() names a data directory that is not the usual one", () => {
  assertEquals(taskOn(".sensorium", ["start"]), "deno task start");
  assertEquals(taskOn("/srv/my plant", ["start"]), "deno task start --data-dir '/srv/my plant'");
});
