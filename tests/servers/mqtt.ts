/**
 * MQTT brokers: mosquitto, Debian's, with passwords, rights, TLS and client certificates, for versions 3.1.1 and 5.
 *
 * Four listeners: one that lets everybody do everything, one that wants a name and a password, one with TLS, and one with TLS
 * that wants a client's certificate.
 *
 * @module
 */
import type { MqttBroker } from "../../sources/mqtt/address.ts";
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

/** A broker that runs. */
export interface MqttServer extends Running {
  /** The authority that signed its certificate and {@linkcode MqttServer.client}'s, PEM. */
  readonly ca: string;
  /** Another authority, PEM, whom nobody trusts. */
  readonly otherCa: string;
  /** A certificate that the `mutual` listener takes. */
  readonly client: { readonly cert: string; readonly key: string };
  /** How to reach a listener; default `open`, version 5. */
  broker(given?: Partial<MqttBroker> & { readonly listener?: "open" | "login" | "tls" | "mutual" }): MqttBroker;
  /** Stops it; what it had for persistent sessions is kept. */
  stop(): Promise<void>;
  /** Starts it again with all that it had. */
  again(): Promise<void>;
  /** Stops the process, or lets it go on: it keeps silent. */
  silence(isSilent: boolean): Promise<void>;
}

/** The user that the `login` listener knows; it may do everything but read `secret/#`. */
export const MQTT_USER = { user: "plant", password: "s3cret-of-plant" };

async function program(): Promise<string> {
  for (const path of ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"]) {
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new ServerMissing("mosquitto is not installed (Debian: apt-get install mosquitto)");
}

async function authority(folder: string, name: string): Promise<void> {
  await runTool("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"],
    ...["-subj", `/CN=${name}`, "-addext", "basicConstraints=critical,CA:TRUE"],
    ...["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.pem`)],
  ]);
}

async function certificate(folder: string, name: string, extension: string): Promise<void> {
  const at = (ending: string) => join(folder, `${name}.${ending}`);
  await runTool("openssl", [
    ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", `/CN=${name}`],
    ...["-keyout", at("key"), "-out", at("csr")],
  ]);
  await Deno.writeTextFile(at("ext"), `basicConstraints=CA:FALSE\n${extension}\n`);
  await runTool("openssl", [
    ...["x509", "-req", "-in", at("csr"), "-CA", join(folder, "ca.pem"), "-CAkey", join(folder, "ca.key")],
    ...["-CAcreateserial", "-days", "30", "-extfile", at("ext"), "-out", at("pem")],
  ]);
}

async function spec(): Promise<ServerSpec> {
  const mosquitto = await program();
  const command = (folder: string) => [mosquitto, "-c", join(folder, "mosquitto.conf")];
  return {
    name: "mqtt",
    ports: ["open", "login", "tls", "mutual"],
    usual: { open: 1883 },
    ready: /mosquitto version .* running/,
    async prepare(folder, ports) {
      await authority(folder, "ca");
      await authority(folder, "other");
      await certificate(folder, "server", "subjectAltName=IP:127.0.0.1,DNS:localhost");
      await certificate(folder, "client", "extendedKeyUsage=clientAuth");
      const passwords = join(folder, "passwords"), rights = join(folder, "rights");
      await Deno.writeTextFile(passwords, `${MQTT_USER.user}:${MQTT_USER.password}\n`);
      await runTool("mosquitto_passwd", ["-U", passwords]);
      await Deno.writeTextFile(rights, `user ${MQTT_USER.user}\ntopic readwrite #\ntopic deny secret/#\n`);
      const tls = [
        `cafile ${join(folder, "ca.pem")}`,
        `certfile ${join(folder, "server.pem")}`,
        `keyfile ${join(folder, "server.key")}`,
      ];
      await Deno.writeTextFile(
        join(folder, "mosquitto.conf"),
        [
          "per_listener_settings true",
          ...(Deno.uid() === 0 ? ["user root"] : []),
          "max_inflight_messages 1000",
          "max_queued_messages 1000000",
          "set_tcp_nodelay true",
          "log_dest stderr",
          "persistence true",
          `persistence_location ${folder}/`,
          ...[`listener ${ports.open} 127.0.0.1`, "allow_anonymous true"],
          ...[`listener ${ports.login} 127.0.0.1`, "allow_anonymous false", `password_file ${passwords}`],
          `acl_file ${rights}`,
          ...[`listener ${ports.tls} 127.0.0.1`, "allow_anonymous true", ...tls],
          ...[`listener ${ports.mutual} 127.0.0.1`, "allow_anonymous true", ...tls, "require_certificate true"],
          "",
        ].join("\n"),
      );
      return command(folder);
    },
    again: command,
  };
}

/**
 * The broker of this run of tests, started by whoever asks first; or, with owner 0, that of a person's stack.
 *
 * @throws {ServerMissing} where it is not installed
 */
export async function mqttServer(owner: Owner = Deno.pid): Promise<MqttServer> {
  const made = await spec(), running = await serverFor(made, owner), { folder, ports } = running;
  const pem = (name: string) => Deno.readTextFile(join(folder, name));
  return {
    ...running,
    ca: await pem("ca.pem"),
    otherCa: await pem("other.pem"),
    client: { cert: await pem("client.pem"), key: await pem("client.key") },
    broker: ({ listener = "open", ...given } = {}) => ({
      host: "127.0.0.1",
      port: ports[listener],
      version: "5",
      ...given,
    }),
    stop: async () => await endProcess((await serverFor(made, owner)).pid, "SIGTERM"),
    again: async () => void await serverAgain(made, running, owner),
    silence: async (isSilent) => signal((await serverFor(made, owner)).pid, isSilent ? "SIGSTOP" : "SIGCONT"),
  };
}
