/**
 * `/alerts/stream` of the real program as people follow it: `curl -N`, and `eventsource-client` over a restart.
 *
 * @module
 */
import { createEventSource } from "eventsource-client";
import { z } from "zod";
import { assert, assertEquals } from "../../std/assert.ts";
import { needTool, testWith } from "../servers/needed.ts";
import { ServerMissing } from "../servers/server.ts";
import { Folder, freePort, startInstance, until } from "../process.ts";

/** Every reading that breaks the limit raises, every other one clears. */
const JUDGING = {
  types: { press: { channels: { t: { high: 100 } } } },
  alerts: { rules: { limit: { raise: 1, of: 1, clear: 1, offDelayMs: 0 } }, chatterMs: 1_000, calmMs: 1_000 },
};
const eventSchema = z.object({ id: z.string(), transition: z.string(), position: z.number() });
type Event = z.infer<typeof eventSchema>;

/** Readings at odd seconds break the limit. */
async function send(url: string, seconds: readonly number[], start: number): Promise<void> {
  const readings = seconds.map((second) => ({
    sensor: "press-1",
    type: "press",
    time: start + 1_000 * second,
    values: { t: second % 2 === 1 ? 200 : 20 },
  }));
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/readings`, { method: "POST", headers, body: JSON.stringify(readings) });
  assertEquals((await answer.json()).accepted, seconds.length);
}

/** curl, where it is. */
const curlFound = await needTool("curl", async () => {
  try {
    await new Deno.Command("curl", { args: ["--version"], stdout: "null" }).output();
    return "curl";
  } catch {
    throw new ServerMissing("there is no curl");
  }
});

testWith(
  curlFound,
  "streams() is followed by curl -N and eventsource-client, which goes on over a restart and misses nothing",
  async (program) => {
    await using folder = new Folder();
    await Deno.writeTextFile(folder.at("config.json"), JSON.stringify({ judging: JUDGING }));
    const port = freePort(), start = Date.now() - 60_000;
    const args = ["--port", String(port), "--data-dir", folder.at("data"), "--scenario", "none", "--checkpoint", "50"];
    const instance = () => startInstance([...args, "--config", folder.at("config.json")]);
    const first = await instance(), { url } = first;
    const curl = new Deno.Command(program, {
      args: ["-sN", `${url}/alerts/stream?priority=high`],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let text = "";
    const heard = (async () => {
      for await (const piece of curl.stdout.pipeThrough(new TextDecoderStream())) text += piece;
    })();
    const events: Event[] = [];
    const source = createEventSource({
      url: `${url}/alerts/stream`,
      onMessage: ({ event, data }) => {
        if (event === "alert") events.push(eventSchema.parse(JSON.parse(data)));
      },
    });
    try {
      await until("both are there", () => text.includes("id: ") && source.readyState === "open");
      await send(url, [1, 2, 3], start);
      await until("three events", () => events.length === 3 && text.split("event: alert\n").length === 4);
      first.program.signal("SIGTERM");
      assertEquals((await first.program.ended).code, 0);
      await heard;
      assertEquals((await curl.status).code, 0, "the stream ended in order");
      const second = await instance();
      await using _ = second.program;
      await send(url, [4, 5, 6], start);
      await until("six events", () => events.length >= 6);
      assertEquals(events.map(({ transition }) => transition), [
        ...["raised", "cleared", "raised", "cleared", "raised", "cleared"],
      ]);
      assertEquals(new Set(events.map(({ id }) => id)).size, 6);
      assert(text.startsWith("retry: 2000\n\nid: "), text.slice(0, 80));
    } finally {
      source.close();
      await first.program.kill();
    }
  },
);
