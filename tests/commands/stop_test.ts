import type { Clock } from "../../actors/ports.ts";
import { CommandError } from "../../commands/process/errors.ts";
import {
  announceInstance,
  type Instance,
  INSTANCE_FILE,
  localUrl,
  makeToken,
  readInstance,
  takeDataDir,
} from "../../commands/instance/instance.ts";
import { stopInstance } from "../../commands/stop.ts";
import { assert, assertEquals, assertNotEquals, assertRejects } from "../../std/assert.ts";

/** A clock whose time passes only when somebody waits. */
class HandClock implements Clock {
  private time = 0;
  now(): number {
    return this.time;
  }
  async sleep(ms: number): Promise<void> {
    this.time += ms;
    await Promise.resolve();
  }
}

async function inDataDir(act: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await Deno.makeTempDir();
  try {
    await act(dataDir);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

/** An instance that holds the directory, and answers as `answer` says. */
async function running(dataDir: string, answer: (request: Request) => Response | Promise<Response>) {
  const lock = await takeDataDir(dataDir);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, answer);
  const url = localUrl(server.addr.hostname, server.addr.port);
  const instance: Instance = { pid: Deno.pid, url, token: makeToken(), started: "2026-01-31T12:00:00.000Z" };
  const remove = await announceInstance(dataDir, instance);
  return { lock, server, instance, remove };
}

Deno.test("stopInstance() asks with the token and returns once the directory is free", () =>
  inDataDir(async (dataDir) => {
    const seen: string[] = [];
    const { lock, server, instance, remove } = await running(dataDir, async (request) => {
      seen.push(request.method, new URL(request.url).pathname, request.headers.get("authorization") ?? "");
      await remove();
      lock.release();
      return Response.json({ status: "stopping" }, { status: 202 });
    });
    assertEquals(await stopInstance(dataDir, 1000, new HandClock()), instance);
    assertEquals(seen, ["POST", "/admin/stop", `Bearer ${instance.token}`]);
    await server.shutdown();
  }));

Deno.test("stopInstance() gives up at its deadline and says how to go on", () =>
  inDataDir(async (dataDir) => {
    const { lock, server } = await running(dataDir, () => new Response(null, { status: 202 }));
    const clock = new HandClock();
    const error = await assertRejects(() => stopInstance(dataDir, 2000, clock), CommandError, "still holds");
    assertEquals([error.exitCode, clock.now()], [1, 2000]);
    await server.shutdown();
    lock.release();
  }));

Deno.test("stopInstance() says that none runs, and forgets one that was killed", () =>
  inDataDir(async (dataDir) => {
    await assertRejects(() => stopInstance(`${dataDir}/none`, 1000), CommandError, "no instance runs on the data");
    const { lock, server } = await running(dataDir, () => new Response());
    await server.shutdown();
    lock.release(); // as the system does after a kill: the file stays
    assertNotEquals(await readInstance(dataDir), undefined);
    await assertRejects(() => stopInstance(dataDir, 1000), CommandError, "no instance runs on the data");
    assertEquals(await readInstance(dataDir), undefined);
  }));

Deno.test("stopInstance() tells a command that cannot be stopped, one that does not answer, and one that refuses", () =>
  inDataDir(async (dataDir) => {
    const lock = await takeDataDir(dataDir);
    await assertRejects(() => stopInstance(dataDir, 1000), CommandError, "serves no address");
    lock.release();
    const refusing = await running(dataDir, () => new Response("no", { status: 403 }));
    await assertRejects(() => stopInstance(dataDir, 1000), CommandError, "refused to stop (HTTP 403)");
    await refusing.server.shutdown();
    await assertRejects(() => stopInstance(dataDir, 1000), CommandError, "does not answer at http://127.0.0.1:");
    refusing.lock.release();
  }));

Deno.test("stopInstance() sends the token to no other address", () =>
  inDataDir(async (dataDir) => {
    let reached = false;
    const other = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
      reached = true;
      return new Response();
    });
    const { lock, server } = await running(
      dataDir,
      () => Response.redirect(`http://127.0.0.1:${other.addr.port}/admin/stop`, 307),
    );
    await assertRejects(() => stopInstance(dataDir, 1000), CommandError, "does not answer");
    assertEquals(reached, false);
    await Promise.all([server.shutdown(), other.shutdown()]);
    lock.release();
  }));

Deno.test("announceInstance() writes a file that only its owner can read", () =>
  inDataDir(async (dataDir) => {
    await Deno.writeTextFile(`${dataDir}/${INSTANCE_FILE}`, "{", { mode: 0o644 });
    const instance = { pid: 1, url: "http://127.0.0.1:8000", token: makeToken(), started: "2026-01-31T12:00:00.000Z" };
    assertEquals(await readInstance(dataDir), undefined);
    const remove = await announceInstance(dataDir, instance);
    assertEquals(await readInstance(dataDir), instance);
    const { mode } = await Deno.stat(`${dataDir}/${INSTANCE_FILE}`);
    assert(Deno.build.os === "windows" || (mode !== null && (mode & 0o777) === 0o600));
    await remove();
    await remove();
    assertEquals(Array.from(Deno.readDirSync(dataDir)), []);
  }));

Deno.test("readInstance() trusts no file that another program wrote", () =>
  inDataDir(async (dataDir) => {
    const good = { pid: 1, url: "http://a:1", token: "t".repeat(43), started: "2026-01-31T12:00:00Z" };
    for (const bad of [{ url: "file:///etc" }, { pid: "1" }, { token: "" }, { started: "now" }]) {
      await Deno.writeTextFile(`${dataDir}/${INSTANCE_FILE}`, JSON.stringify({ ...good, ...bad }));
      assertEquals(await readInstance(dataDir), undefined);
    }
  }));

Deno.test("localUrl() is an address that this machine can reach", () => {
  assertEquals(localUrl("0.0.0.0", 1), "http://127.0.0.1:1");
  assertEquals(localUrl("::", 1), "http://[::1]:1");
  assertEquals(localUrl("fe80::1", 1), "http://[fe80::1]:1");
  assertEquals(localUrl("localhost", 1), "http://localhost:1");
});

Deno.test("makeToken() is long and never the same", () => {
  assertEquals(new Set(Array.from({ length: 100 }, makeToken)).size, 100);
  assertEquals(makeToken().length, 43);
});
