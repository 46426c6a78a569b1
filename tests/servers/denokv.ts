/**
 * A KV server, the real one: denokv, where it is installed (`cargo install denokv --version 0.14.0 --locked`).
 *
 * @module
 */
import { join } from "../../std/path.ts";
import {
  endProcess,
  type Owner,
  type Running,
  runTool,
  serverAgain,
  serverFor,
  type ServerSpec,
  signal,
} from "./server.ts";

/** What its clients show it, as `DENO_KV_ACCESS_TOKEN`. */
export const KV_TOKEN = "a-token-for-tests";

/** A KV server that runs. */
export interface KvServer extends Running {
  readonly url: string;
  /** Lets it keep silent in open connections, and speak again. */
  silence(isSilent: boolean): void;
  /** Ends it as it stands. */
  kill(): Promise<void>;
  /** Starts it again with all that it had, after a kill. */
  again(): Promise<void>;
}

/**
 * The KV server of that name, a word, of this run of tests; it begins empty.
 *
 * @throws {ServerMissing} where denokv is not installed
 */
export async function kvServer(name: string, owner: Owner = Deno.pid): Promise<KvServer> {
  const program = await denokv(), made = specOf(name, program);
  let running = await serverFor(made, owner);
  const { folder, ports } = running;
  return {
    folder,
    ports,
    get pid() {
      return running.pid;
    },
    url: `http://127.0.0.1:${ports.kv}`,
    silence: (isSilent) => signal(running.pid, isSilent ? "SIGSTOP" : "SIGCONT"),
    kill: () => endProcess(running.pid, "SIGKILL"),
    again: async () => void (running = await serverAgain(made, running, owner)),
  };
}

function specOf(name: string, program: string): ServerSpec {
  const command = (folder: string, port: number) => [
    program,
    "--sqlite-path",
    join(folder, "kv.sqlite"),
    "serve",
    "--access-token",
    KV_TOKEN,
    "--addr",
    `127.0.0.1:${port}`,
  ];
  return {
    name: `denokv-${name}`,
    ports: ["kv"],
    ready: /Listening on/,
    async prepare(folder, { kv }) {
      await Deno.writeTextFile(join(folder, "port"), String(kv));
      return command(folder, kv);
    },
    again: async (folder) => command(folder, Number(await Deno.readTextFile(join(folder, "port")))),
  };
}

/** Where the program is: among those of cargo, or on the path. */
async function denokv(): Promise<string> {
  const own = join(Deno.env.get("HOME") ?? "/", ".cargo", "bin", "denokv");
  if (await Deno.stat(own).then(() => true, () => false)) return own;
  await runTool("denokv", ["--version"]);
  return "denokv";
}
