/**
 * Server-sent events to many clients: 2,000 who follow the alerts of a real instance, of whom 200 never read, while alerts
 * are raised and cleared.
 *
 *     deno task bench sse [--clients=2000] [--mute=200] [--seconds=20] [--rate=5] [--checkpoint=100]
 *
 * Every reading breaks a limit or comes back from it, and with rules that raise at once each is one event. Said is how long
 * it took from sending the reading until a client had its event, over all clients that read; how much memory the instance
 * took before, while, and after those who never read were cut off. Clients are raw sockets in this process, beside the
 * instance on one machine: the figures hold their work too. Ends with 1 if a client that reads misses an event.
 *
 * @module
 */
import { z } from "zod";
import { Folder, startInstance } from "../tests/process.ts";
import { flag } from "./_measure.ts";

const clients = Number(flag("clients", "2000")), mute = Number(flag("mute", "200"));
const seconds = Number(flag("seconds", "20")), rate = Number(flag("rate", "5"));
/** After so long without reading, with a full buffer, a client is cut off: two heartbeats, ms. */
const CUT_OFF_MS = 32_000;
/** Connections that are opened at the same time: what a listening socket lets wait. */
const AT_ONCE = 50;
const SENSORS = 50;

const judging = {
  types: { press: { channels: { t: { high: 100 } } } },
  alerts: { rules: { limit: { raise: 1, of: 1, clear: 1, offDelayMs: 0 } }, chatterMs: 1_000, calmMs: 1_000 },
};

await using folder = new Folder();
await Deno.writeTextFile(folder.at("config.json"), JSON.stringify({ judging }));
const { program, url } = await startInstance([
  ...["--port", "0", "--data-dir", folder.at("data"), "--scenario", "none", "--config", folder.at("config.json")],
  ...["--checkpoint", flag("checkpoint", "100")],
]);
await using _ = program;
const { hostname, port } = new URL(url);

/** Memory of the instance that is resident, MB. */
async function resident(): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${program.pid}/status`);
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024);
}

/** Time of the processor that the instance has taken, s. */
async function busy(): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${program.pid}/stat`), TICKS_A_SECOND = 100;
  const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number);
  return (user + system) / TICKS_A_SECOND;
}

/** When each reading was sent, by sensor and time. */
const sent = new Map<string, number>();
const latencies: number[] = [];
const eventSchema = z.object({ sensor: z.string(), time: z.iso.datetime().transform((text) => Date.parse(text)) });
const decoder = new TextDecoder();

/** One client's connection, and what it has had. */
class Client {
  events = 0;
  private text = "";

  private constructor(readonly connection: Deno.TcpConn) {}

  static async open(): Promise<Client> {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(
      new TextEncoder().encode(`GET /alerts/stream HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`),
    );
    return new Client(connection);
  }

  /** Reads until the end, and notes when each event came. */
  async read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    for (let got = await this.connection.read(buffer); got !== null; got = await this.connection.read(buffer)) {
      const now = performance.now();
      this.text += decoder.decode(buffer.subarray(0, got));
      for (let end = this.text.indexOf("\n\n"); end >= 0; end = this.text.indexOf("\n\n")) {
        const data = /^data: (.*)$/m.exec(this.text.slice(0, end))?.[1];
        this.text = this.text.slice(end + 2);
        if (data === undefined) continue;
        const { sensor, time } = parsed(data), at = sent.get(`${sensor} ${time}`);
        this.events++;
        if (at !== undefined) latencies.push(now - at);
      }
    }
  }
}

/** Events by their text: thousands of clients get the same. */
const known = new Map<string, z.infer<typeof eventSchema>>();

function parsed(data: string): z.infer<typeof eventSchema> {
  let event = known.get(data);
  if (event === undefined) known.set(data, event = eventSchema.parse(JSON.parse(data)));
  return event;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
const before = await resident(), all: Client[] = [];
for (let left = clients; left > 0; left -= AT_ONCE) {
  all.push(...await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, () => Client.open())));
}
const reading = all.slice(mute).map((client) => client.read().catch(() => {}));
await pause(2_000);
const connected = await resident();

const busyBefore = await busy();
let memory = connected, count = 0;
const began = performance.now();
for (; performance.now() - began < seconds * 1_000; count++) {
  const sensor = `press-${count % SENSORS}`, time = Date.now();
  const t = Math.floor(count / SENSORS) % 2 === 0 ? 200 : 20;
  sent.set(`${sensor} ${time}`, performance.now());
  const answer = await fetch(`${url}/readings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sensor, time, values: { t }, type: "press" }),
  });
  await answer.body?.cancel();
  if (count % rate === 0) memory = Math.max(memory, await resident());
  await pause(began + (count + 1) * 1_000 / rate - performance.now());
}
await pause(5_000);
const had = all.slice(mute).map(({ events }) => events), most = Math.max(...had);
const whole = had.filter((events) => events === most).length;
await pause(CUT_OFF_MS - 5_000);
const after = await resident(), used = await busy() - busyBefore;

latencies.sort((a, b) => a - b);
const at = (part: number) => `${Math.round(latencies[Math.min(latencies.length - 1, part * latencies.length | 0)])} ms`;
console.log(`${clients} clients, ${mute} of them never read; ${count} readings in ${seconds} s, ${most} events each`);
console.log(`clients that read and had every event: ${whole} of ${clients - mute}`);
console.log(`from sending a reading to its event: half ${at(0.5)}, 99 of 100 ${at(0.99)}, longest ${at(1)}`);
const perEvent = Math.round(1e6 * used / (most * clients));
console.log(`processor of the instance: ${perEvent} µs for each event of each client, with all that it did beside`);
console.log(
  `resident: ${before} MB before, ${connected} MB with clients, ${memory} MB at most, ${after} MB afterwards`,
);
for (const { connection } of all) connection.close();
await Promise.all(reading);
Deno.exitCode = whole === clients - mute ? 0 : 1;
