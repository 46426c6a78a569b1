/**
 * A server that speaks MongoDB's protocol: mongo-java-server, fetched by Maven once. MongoDB itself is in no registry.
 *
 * It has no logins, no TLS and no validation of documents; updates under a condition are right.
 *
 * @module
 */
import { join } from "../../std/path.ts";
import { beside, jars } from "./maven.ts";
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

/** A server that runs. */
export interface MongoServer extends Running {
  /** The URL of an empty database with a name of its own. */
  database(): string;
  /** Stops it. What it had acknowledged is kept. */
  stop(): Promise<void>;
  /** Starts it again with all that it had. */
  again(): Promise<void>;
  /** Stops the process, or lets it go on: it keeps silent. */
  silence(isSilent: boolean): Promise<void>;
}

/** Where the server's jars and the compiled class are. */
const classes = () =>
  jars(
    "mongo-java-server-1.47.0",
    "mongodb.pom.xml",
    (folder) => runTool("javac", ["-cp", join(folder, "*"), "-d", folder, beside("MongoServerMain.java")]),
  );

function spec(libs: string): ServerSpec {
  let port = 0;
  const command = (folder: string) => {
    const path = `${join(libs, "*")}:${libs}`;
    return ["java", "-XX:+UseSerialGC", "-Xmx512m", "-cp", path, "MongoServerMain", String(port), join(folder, "data")];
  };
  return {
    name: "mongodb",
    ports: ["mongodb"],
    usual: { mongodb: 27017 },
    ready: /listening on/,
    prepare(folder, ports) {
      port = ports.mongodb;
      return Promise.resolve(command(folder));
    },
    async again(folder) {
      port = (JSON.parse(await Deno.readTextFile(join(folder, "server.json"))) as Running).ports.mongodb;
      return command(folder);
    },
  };
}

/**
 * The server of this run of tests, started by whoever asks first; or, with owner 0, that of a person's stack.
 *
 * @throws {ServerMissing} without Java or Maven, or where Maven cannot fetch
 */
export async function mongoServer(owner: Owner = Deno.pid): Promise<MongoServer> {
  const made = spec(await classes()), running = await serverFor(made, owner);
  return {
    ...running,
    database: () => `mongodb://127.0.0.1:${running.ports.mongodb}/db_${crypto.randomUUID().slice(0, 8)}`,
    stop: async () => await endProcess((await serverFor(made, owner)).pid, "SIGTERM"),
    again: async () => void await serverAgain(made, running, owner),
    silence: async (isSilent) => signal((await serverFor(made, owner)).pid, isSilent ? "SIGSTOP" : "SIGCONT"),
  };
}
