/**
 * The program with a quicker clock in the place of Deno's cron: what is registered for every minute is called twice a second,
 * one call after the other, as the cron does it.
 *
 * @module
 */
import main, { registerCron } from "../../main.ts";

const EVERY_MS = 500;

registerCron(async (name, schedule, minute) => {
  console.log(`registered: ${name}, ${schedule}`);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    await minute().catch((error) => console.error(error));
  }
});

export default main;
