/**
 * The settings that lead to an MQTT broker, the same for all commands.
 *
 * @module
 */
import { SourceError } from "../../actors/ports.ts";
import { MQTT_VERSIONS, type MqttBroker, type MqttUrl, parseMqttUrl } from "../../sources/mqtt/address.ts";
import { UsageError } from "../process/errors.ts";
import { readTls } from "../settings/pem_file.ts";
import { choice, type SettingTable, type SettingValues, text } from "../settings/setting.ts";

const path = (help: string) => text({ fallback: undefined, help, placeholder: "PATH" });

/** How to log in to MQTT and whom to trust. */
export const MQTT_ACCESS = {
  mqttVersion: choice({ words: MQTT_VERSIONS, fallback: "5", help: "version of the protocol" }),
  mqttCa: path("PEM file with the authorities that MQTT's certificate may be signed by (beside the usual ones)"),
  mqttCert: path("PEM file with this client's own certificate, where MQTT wants one"),
  mqttKey: path("PEM file with its key"),
  mqttUser: text({ fallback: undefined, help: "name to log in to MQTT with", placeholder: "NAME" }),
  mqttPassword: text({
    fallback: undefined,
    help: "its password; on a command line others can see it, in the variable not",
    placeholder: "TEXT",
  }),
} as const satisfies SettingTable;

/** Values of {@linkcode MQTT_ACCESS}. */
export type MqttAccess = SettingValues<typeof MQTT_ACCESS>;

/** What topics of readings begin with, where nobody says otherwise: `sensors/LOCATION/SENSOR`. */
export const MQTT_PREFIX = "sensors";
/** The broker of `deno task stack up`. */
export const LOCAL_MQTT = "mqtt://127.0.0.1:1883";

/**
 * The URL, cut.
 *
 * @param where the setting as a person wrote it: `--to`
 * @throws {UsageError} if it is none
 */
export function mqttUrl(where: string, url: string): MqttUrl {
  try {
    return parseMqttUrl(url);
  } catch (error) {
    throw error instanceof SourceError ? new UsageError(`${where}: ${error.message}`) : error;
  }
}

/**
 * The broker of a URL with the login and the files that the settings name.
 *
 * @throws {UsageError} if a name comes without a password, or one file without the other
 * @throws {CommandError} if a file cannot be read
 */
export async function mqttBroker(url: MqttUrl, access: MqttAccess): Promise<MqttBroker> {
  const user = access.mqttUser ?? url.user, password = access.mqttPassword ?? url.password;
  if (user !== undefined && password === undefined) {
    throw new UsageError(`a password is wanted for ${user}: set SENSORIUM_MQTT_PASSWORD`);
  }
  const { mqttCa: ca, mqttCert: cert, mqttKey: key } = access, tls = await readTls("--mqtt", { ca, cert, key });
  return {
    host: url.host,
    port: url.port,
    version: access.mqttVersion,
    ...(url.tls || ca !== undefined || cert !== undefined ? { tls } : {}),
    ...(user === undefined || password === undefined ? {} : { login: { user, password } }),
  };
}
