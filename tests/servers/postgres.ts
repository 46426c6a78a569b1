/**
 * A PostgreSQL server, Debian's, with TLS and passwords.
 *
 * The role `test` may do everything and needs no password, as `sensorium` in a database of its own name; any other one
 * has to give its password.
 *
 * @module
 */
import type { PostgresAddress } from "../../sinks/postgres/address.ts";
import { PostgresClient } from "../../sinks/postgres/client.ts";
import { join } from "../../std/path.ts";
import {
  endProcess,
  type Owner,
  type Running,
  runTool,
  serverAgain,
  serverFor,
  ServerMissing,
  type ServerSpec,
  signal,
} from "./server.ts";

const ROOT = "/usr/lib/postgresql";

/** A server that runs. */
export interface PostgresServer extends Running {
  /** The certificate that its own one is signed by: itself. */
  readonly ca: string;
  /** How to reach it. Default: as `test`, without TLS, in `postgres`. */
  address(given?: Partial<PostgresAddress>): PostgresAddress;
  /** An empty database with a name of its own. */
  database(): Promise<string>;
  /** Stops it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again with all that it had. */
  again(): Promise<void>;
  /** Stops (or lets go on) the processes that serve clients of a database: they keep silent. */
  silence(database: string, isSilent: boolean): Promise<void>;
}

async function binaries(): Promise<string> {
  const versions: number[] = [];
  try {
    for await (const { name } of Deno.readDir(ROOT)) if (/^\d+$/.test(name)) versions.push(Number(name));
  } catch {
    // not there: no version
  }
  if (versions.length === 0) {
    throw new ServerMissing("PostgreSQL is not installed (Debian: apt-get install postgresql)");
  }
  return join(ROOT, String(Math.max(...versions)), "bin");
}

/** PostgreSQL refuses to run as root: then Debian's own user runs it. */
function asUser(): string[] {
  return Deno.uid() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
}

function command(bin: string, folder: string): string[] {
  return [...asUser(), join(bin, "postgres"), "-D", join(folder, "data")];
}

async function spec(): Promise<ServerSpec> {
  const bin = await binaries();
  return {
    name: "postgres",
    ports: ["postgres"],
    usual: { postgres: 5432 },
    ready: /database system is ready to accept connections/,
    async prepare(folder, { postgres: port }) {
      const key = join(folder, "server.key"), certificate = join(folder, "ca.pem"), data = join(folder, "data");
      await runTool("openssl", [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"],
        ...["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
        ...["-addext", "basicConstraints=critical,CA:TRUE", "-keyout", key, "-out", certificate],
      ]);
      await Deno.chmod(key, 0o600);
      if (Deno.uid() === 0) await runTool("chown", ["-R", "postgres:", folder]);
      const initdb = [join(bin, "initdb"), "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"];
      const [program, ...args] = [...asUser(), ...initdb, "--no-sync"];
      await runTool(program, args, folder);
      await Deno.writeTextFile(
        join(data, "postgresql.auto.conf"),
        [
          `port = ${port}`,
          "listen_addresses = '127.0.0.1'",
          "unix_socket_directories = ''",
          "ssl = on",
          `ssl_cert_file = '${certificate}'`,
          `ssl_key_file = '${key}'`,
          "max_wal_size = 2GB",
          "",
        ].join("\n"),
      );
      await Deno.writeTextFile(
        join(data, "pg_hba.conf"),
        "host all test 127.0.0.1/32 trust\nhost sensorium sensorium 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
      );
      return command(bin, folder);
    },
    again: (folder) => command(bin, folder),
  };
}

/**
 * The server of this run of tests, started by whoever asks first; or, with owner 0, that of a person's stack.
 *
 * @throws {ServerMissing} where it is not installed
 */
export async function postgresServer(owner: Owner = Deno.pid): Promise<PostgresServer> {
  const made = await spec(), running = await serverFor(made, owner);
  const ca = await Deno.readTextFile(join(running.folder, "ca.pem"));
  let databases = 0;
  const address = (given: Partial<PostgresAddress> = {}): PostgresAddress => ({
    host: "127.0.0.1",
    port: running.ports.postgres,
    database: "postgres",
    user: "test",
    password: "",
    sslmode: "disable",
    ...given,
  });
  return {
    ...running,
    ca,
    address,
    async database() {
      const name = `db_${Deno.pid}_${crypto.randomUUID().slice(0, 8)}_${++databases}`;
      await asTest(address(), (client) => client.script(`CREATE DATABASE ${name}`));
      return name;
    },
    kill: async () => await endProcess((await serverFor(made, owner)).pid, "SIGQUIT"),
    again: async () => void await serverAgain(made, running, owner),
    async silence(database, isSilent) {
      const pids = await asTest(
        address(),
        (client) => client.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE datname = $1", [database]),
      );
      for (const { pid } of pids) signal(pid, isSilent ? "SIGSTOP" : "SIGCONT");
    },
  };
}

/** Does something as the role that may do everything. */
export async function asTest<T>(address: PostgresAddress, work: (client: PostgresClient) => Promise<T>): Promise<T> {
  const client = new PostgresClient({ address, schema: "public", statementMs: 30_000 });
  try {
    return await work(client);
  } finally {
    await client.cut();
  }
}
