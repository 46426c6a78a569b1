import { assertEquals, assertRejects, assertStringIncludes } from "../../std/assert.ts";
import { fromFileUrl } from "../../std/path.ts";
import { DataDirError, LOCK_FILE, lockDataDir, lockState } from "../../store/lock.ts";

const HOLDER = fromFileUrl(new URL("../../store/lock.ts", import.meta.url));

/** A process that holds `dataDir` and says so; it ends when it is killed. */
async function holder(dataDir: string): Promise<Deno.ChildProcess> {
  const code = `const { lockDataDir } = await import(${JSON.stringify(`file://${HOLDER}`)});
    await lockDataDir(${JSON.stringify(dataDir)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", code],
    cwd: fromFileUrl(new URL("../../", import.meta.url)),
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value).trim(), "held");
  await reader.cancel();
  return child;
}

Deno.test("lockDataDir() makes the folder and holds it until it is released", async () => {
  const root = await Deno.makeTempDir();
  try {
    const dataDir = `${root}/deep/data`;
    assertEquals(await lockState(dataDir), "absent");
    const lock = await lockDataDir(dataDir);
    assertEquals(await lockState(dataDir), "held");
    const error = await assertRejects(() => lockDataDir(dataDir), DataDirError);
    assertStringIncludes(error.message, `the data directory ${dataDir} is in use`);
    lock.release();
    lock.release();
    assertEquals(await lockState(dataDir), "free");
    (await lockDataDir(dataDir)).release();
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("lockDataDir() is refused while another process holds the directory, and not after that was killed", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    const child = await holder(dataDir);
    assertEquals(await lockState(dataDir), "held");
    await assertRejects(() => lockDataDir(dataDir), DataDirError, "in use");
    child.kill("SIGKILL");
    await child.status;
    assertEquals(await lockState(dataDir), "free");
    (await lockDataDir(dataDir)).release();
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("lockDataDir() outlasts somebody who only looks", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    (await lockDataDir(dataDir)).release();
    const looker = await Deno.open(`${dataDir}/${LOCK_FILE}`);
    assertEquals(await looker.tryLock(false), true);
    const taken = lockDataDir(dataDir);
    looker.close();
    (await taken).release();
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("lockDataDir() says so if the path is a file", async () => {
  const file = await Deno.makeTempFile();
  try {
    await assertRejects(() => lockDataDir(file), DataDirError, "must be a folder, not a file");
    await assertRejects(() => lockDataDir(`${file}/below`), DataDirError, "must be a folder, not a file");
    assertEquals(await lockState(file), "absent");
  } finally {
    await Deno.remove(file);
  }
});
