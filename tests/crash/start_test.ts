import { z } from "zod";
import { Random } from "../../models/random.ts";
import { assert, assertEquals, assertGreater } from "../../std/assert.ts";
import { ask, Folder, freePort, type Instance, PATIENCE_MS, startInstance, until, within } from "../process.ts";
import { Follower } from "./follower.ts";
import { JUDGING, recording } from "./recording.ts";
import { type Stored, storedOutputs } from "./stored.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
/** Kills of the live instance. */
const KILLS = Math.ceil(15 * SCALE);
/** Readings of each sensor; all of them lie ahead by less than what counts as the future. */
const ROUNDS = 1_000;
const FOLLOWERS = 3;

const summarySchema = z.object({
  partitions: z.array(z.object({ position: z.number() })),
});
const acceptedSchema = z.object({ accepted: z.number() });

/** Bodies of very different sizes, from one line to more than one entry of the log takes. */
function bodies(start: number): string[] {
  const random = new Random(5), lines = [...recording({ rounds: ROUNDS, start })], all: string[] = [];
  while (lines.length > 0) all.push(lines.splice(0, [1, 150, 400, 1_500][random.integer(4)]).join("\n") + "\n");
  return all;
}

/** Sends a body under its key until it is answered, whatever happens to the instance. Returns what was accepted. */
async function send(url: string, key: string, body: string): Promise<number> {
  const headers = { "content-type": "application/x-ndjson", "idempotency-key": key };
  return await until(`${key} is answered`, async () => {
    try {
      const answer = await fetch(`${url}/readings`, { method: "POST", headers, body });
      const text = await answer.text();
      if (answer.status === 202) return acceptedSchema.parse(JSON.parse(text)).accepted + 1;
      // A body without a single reading is answered so, as often as it comes.
      if (answer.status === 400 && text.includes("No record could be accepted")) return 1;
      assert([409, 503].includes(answer.status), `${key}: ${answer.status} ${text}`);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // no connection, or one that broke
    }
  }) - 1;
}

/** Waits until everything that was accepted is read: a position of the log counts its readings. */
async function settled(url: string, accepted: number): Promise<void> {
  await until("everything is read", async () => {
    const { partitions } = await ask(`${url}/summary`, summarySchema);
    return partitions[0].position >= accepted;
  });
}

/** What is from the future says when it arrived, which is another time in another run. */
function comparable(stored: Stored) {
  return { ...stored, quarantine: stored.quarantine.count };
}

interface Run {
  readonly accepted: readonly number[];
  readonly stored: Stored;
  readonly kills: number;
  readonly followers: readonly Follower[];
}

/** Runs an instance over all bodies; kills it so often. */
async function live(folder: string, texts: readonly string[], kills: number): Promise<Run> {
  const port = freePort(), url = `http://127.0.0.1:${port}`, dataDir = `${folder}/data-${kills}`;
  const config = `${folder}/config.json`;
  await Deno.writeTextFile(config, JSON.stringify({ judging: JUDGING }));
  const args = ["--scenario", "none", "--port", String(port), "--data-dir", dataDir, "--config", config];
  const ways = new Random(kills), timing = () => ["--checkpoint", "20", "--snapshot", String(20 + ways.integer(200))];
  let instance: Instance = await startInstance([...args, ...timing()]), killed = 0;
  const followers = Array.from({ length: FOLLOWERS }, () => new Follower(`${url}/alerts/stream`));
  try {
    await within(Promise.all(followers.map((follower) => follower.ready)), PATIENCE_MS, "followers have no place");
    const sending = (async () => {
      const accepted: number[] = [];
      for (const [i, text] of texts.entries()) {
        accepted.push(await send(url, `body-${i}`, text));
        // As slow as the kills come: the last bodies are for the last lives.
        if (kills > 0) await until("another kill", () => killed >= kills || i < texts.length * (killed + 1) / kills);
      }
      return accepted;
    })();
    while (killed < kills) {
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, ways.integer(400));
      await promise;
      await instance.program.kill();
      killed++;
      instance = await startInstance([...args, ...timing()]);
    }
    const accepted = await sending;
    await settled(url, accepted.reduce((sum, count) => sum + count, 0));
    // The end stores what has not been stored yet, and tells it to followers before it closes their streams.
    instance.program.signal("SIGTERM");
    const end = await within(instance.program.ended, PATIENCE_MS, "a graceful end");
    assertEquals([end.code, end.error], [0, ""]);
    const stored = await storedOutputs(dataDir);
    // What the last checkpoint told in the last moment is there for whoever comes again.
    instance = await startInstance([...args, ...timing()]);
    const all = stored.transition.count;
    await until("followers have every alert", () => followers.every((follower) => follower.seen.size >= all));
    return { accepted, stored, kills: killed, followers };
  } finally {
    await Promise.all(followers.map((follower) => follower.close()));
    await instance.program.kill();
  }
}

Deno.test("start() killed again and again while readings come in and alerts go out loses, doubles and changes none", async () => {
  await using folder = new Folder();
  const texts = bodies(Math.ceil(Date.now() / 60_000) * 60_000 + 300_000);
  const undisturbed = await live(folder.path, texts, 0);
  const killed = await live(folder.path, texts, KILLS);
  assertEquals(killed.kills, KILLS);
  assertEquals(killed.accepted, undisturbed.accepted, "each body was taken once");
  assertEquals(comparable(killed.stored), comparable(undisturbed.stored), "everything that is stored is the same");
  assertGreater(undisturbed.stored.transition.count, 10);
  for (const follower of [...undisturbed.followers, ...killed.followers]) {
    assertEquals(follower.contradicted, [], "no alert with two contents");
    assertEquals(follower.resyncs, 0);
    assertEquals(follower.seen.size, undisturbed.stored.transition.count, "every alert at least once");
  }
  assertGreater(Math.min(...killed.followers.map((follower) => follower.connections)), 2);
});
