/**
 * A running instance on a small disk that somebody else fills up, and makes room on again. Needs the right to mount.
 *
 * @module
 */
import { z } from "zod";
import { assert, assertEquals, assertMatch } from "../../std/assert.ts";
import { ask, Folder, run, startInstance, until } from "../process.ts";
import { needTool, testWith } from "../servers/needed.ts";
import { ServerMissing } from "../servers/server.ts";

const MIB = 1 << 20;
const readySchema = z.object({
  status: z.string(),
  reasons: z.array(z.string()),
  partitions: z.array(z.object({ partition: z.string(), state: z.string() })),
});
const summarySchema = z.object({ partitions: z.array(z.object({ partition: z.string(), readings: z.number() })) });
const sensorsSchema = z.object({ items: z.array(z.object({ sensor: z.string() })) });
const readingsSchema = z.object({ items: z.array(z.object({ time: z.iso.datetime() })) });
/** Time between two readings of a facility's sensor, ms. */
const INTERVAL_MS = 2_000;

/** A small disk in a folder of its own. */
class SmallDisk implements AsyncDisposable {
  private constructor(private readonly folder: Folder) {}

  static async mount(): Promise<SmallDisk> {
    const folder = new Folder(), args = ["-t", "tmpfs", "-o", `size=${32 * MIB}`, "tmpfs", folder.path];
    try {
      const { success } = await new Deno.Command("mount", { args, stderr: "null" }).output();
      if (success) return new SmallDisk(folder);
    } catch {
      // there is no such program
    }
    await folder[Symbol.asyncDispose]();
    throw new ServerMissing("this process may not mount");
  }

  at(name: string): string {
    return this.folder.at(name);
  }

  /** Takes all the room that there is. */
  async fill(): Promise<void> {
    using file = await Deno.open(this.at("filler"), { write: true, create: true, append: true });
    for (let piece = new Uint8Array(MIB); piece.length > 0;) {
      try {
        await file.write(piece);
      } catch {
        piece = piece.subarray(0, piece.length >> 1);
      }
    }
  }

  async empty(): Promise<void> {
    await Deno.remove(this.at("filler"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Deno.Command("umount", { args: ["-l", this.folder.path], stderr: "null" }).output();
    await this.folder[Symbol.asyncDispose]();
  }
}

const disk = await needTool("small disk", SmallDisk.mount);

testWith(
  disk,
  "start() with a full disk says so, refuses readings, and goes on by itself with nothing lost",
  async (disk) => {
    await using _disk = disk;
    const dataDir = disk.at("data");
    const args = ["--data-dir", dataDir, "--port", "0", "--history", "0", "--checkpoint", "100", "--snapshot", "500"];
    const { program, url } = await startInstance(args);
    await using _ = program;
    let number = 0, accepted = 0;
    /** Sends a body of its own; what was answered. */
    const send = async (): Promise<{ status: number; retryAfter: string | null; detail: string }> => {
      const time = Date.now(), base = ++number * 100;
      const lines = Array.from({ length: 100 }, (_, i) => {
        return JSON.stringify({ sensor: `pump-${i % 10}`, time: time + base + i, values: { a: i, b: Math.sqrt(i) } });
      });
      const answer = await fetch(`${url}/readings`, {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: lines.join("\n"),
      });
      const text = await answer.text();
      const { accepted: taken = 0, detail = "" } = z.object({
        accepted: z.number().optional(),
        detail: z.string().optional(),
      }).parse(JSON.parse(text));
      accepted += taken;
      return { status: answer.status, retryAfter: answer.headers.get("retry-after"), detail };
    };
    const ready = async () => readySchema.parse(await (await fetch(`${url}/readyz`)).json());
    assertEquals((await send()).status, 202);
    await until("everything is well", async () => (await ready()).status === "ready");

    await disk.fill();
    const refused = await until("readings are refused", async () => {
      const answer = await send();
      return answer.status !== 202 && answer;
    });
    assertEquals([refused.status, refused.retryAfter], [503, "5"]);
    assertMatch(refused.detail, /the disk of the store is full/);
    const seen = await until("the sources wait", async () => {
      await send();
      const seen = await ready();
      return seen.partitions.some(({ partition, state }) => partition === "facility" && state === "waiting") && seen;
    });
    assertEquals(seen.status, "not_ready");
    assert(
      seen.reasons.some((reason) => /the disk of the store is full: make room/.test(reason)),
      String(seen.reasons),
    );
    const doctor = await run(["doctor", "--data-dir", dataDir]);
    assertEquals(doctor.code, 1);
    assertMatch(doctor.out, /BAD {3}disk: [^\n]* free/);
    assertEquals((await fetch(`${url}/livez`)).status, 200);

    await disk.empty();
    await until("it goes on by itself", async () => (await ready()).status === "ready");
    assertEquals((await send()).status, 202);
    await until("everything that was accepted is read, once", async () => {
      const { partitions } = await ask(`${url}/summary`, summarySchema);
      return partitions.find(({ partition }) => partition === "http-0")?.readings === accepted;
    });
    // The disk may have been full before the first of them came.
    const { sensor } = await until("a simulated sensor is listed", async () => {
      const { items } = await ask(`${url}/sensors?limit=100`, sensorsSchema);
      return items.find(({ sensor }) => !sensor.startsWith("pump-"));
    });
    const times = await until("the simulated sensors go on", async () => {
      const { items } = await ask(`${url}/sensors/${sensor}/readings?limit=1000`, readingsSchema);
      return items.length > 2 && items.map(({ time }) => Date.parse(time)).reverse();
    });
    const odd = times.slice(1).map((time, i) => time - times[i]).filter((step) => step !== INTERVAL_MS);
    assertEquals(odd, [], "one reading every 2 s, over the pause too");
  },
);
