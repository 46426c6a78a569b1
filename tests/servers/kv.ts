/**
 * KV servers: denokv, from `cargo install denokv`, over a file of its own.
 *
 * @module
 */
import { join } from "../../std/path.ts";
import {
  endProcess,
  type Owner,
  type Running,
  serverAgain,
  serverFor,
  ServerMissing,
  type ServerSpec,
  signal,
} from "./server.ts";

/** A KV server that runs. */
export interface KvServer extends Running {
  /** Where it is reached; with {@linkcode KV_TOKEN} in `DENO_KV_ACCESS_TOKEN`. */
  readonly url: string;
  /** Lets it keep silent in open connections, and speak again. */
  silence(isSilent: boolean): void;
  /** Ends it as it stands. */
  kill(): Promise<void>;
  /** Starts it again with all that it had, after its process was killed. */
  again(): Promise<KvServer>;
}

/** The token that every KV server of the tests takes. */
export const KV_TOKEN = "token-of-the-tests-alone";

async function program(): Promise<string> {
  const homes = [Deno.env.get("CARGO_HOME"), join(Deno.env.get("HOME") ?? "", ".cargo")];
  const folders = [...homes.filter((home) => home !== undefined).map((home) => join(home, "bin")), "/usr/local/bin"];
  for (const path of folders.map((folder) => join(folder, "denokv"))) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new ServerMissing("denokv is not installed (cargo install denokv --version 0.14.0 --locked)");
}

async function command(folder: string, port: number): Promise<readonly string[]> {
  const serve = ["serve", "--access-token", KV_TOKEN, "--addr", `127.0.0.1:${port}`];
  return [await program(), "--sqlite-path", join(folder, "kv.sqlite"), ...serve];
}

/**
 * Starts a KV server, or finds it.
 *
 * @param name one of several: `kv`, `kv-2`
 * @throws {ServerMissing} if there is no denokv
 */
export async function kvServer(name = "kv", owner: Owner = Deno.pid): Promise<KvServer> {
  let port = 0;
  const spec: ServerSpec = {
    name,
    ports: ["kv"],
    prepare: (folder, ports) => command(folder, port = ports.kv),
    again: (folder) => command(folder, port),
    ready: /Listening on/,
  };
  let running = await serverFor(spec, owner);
  port = running.ports.kv;
  const server: KvServer = {
    ...running,
    get pid() {
      return running.pid;
    },
    url: `http://127.0.0.1:${port}`,
    silence: (isSilent) => signal(running.pid, isSilent ? "SIGSTOP" : "SIGCONT"),
    kill: () => endProcess(running.pid, "SIGKILL"),
    again: async () => {
      running = await serverAgain(spec, running, owner);
      return server;
    },
  };
  return server;
}
