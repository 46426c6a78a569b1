/**
 * How an instance is entered, put together for `start`: keys, audit log, limits, and whether keys are required.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import type { Clock, Json } from "../../actors/ports.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import type { Access } from "../../routes/auth.ts";
import type { ConfigView } from "../../routes/config.ts";
import type { Limits } from "../../routes/deps.ts";
import { SensorQuota } from "../../routes/limits_sensors.ts";
import { KvKeys } from "../../store/api_keys.ts";
import { KvAudit } from "../../store/audit.ts";
import type { KvPort } from "../../store/kv.ts";
import { KvSessions } from "../../store/sessions.ts";
import { COMMON } from "../settings/common.ts";
import { UsageError } from "../process/errors.ts";
import { list, toggle, wholeNumber } from "../settings/setting.ts";
import type { Origin } from "../settings/settings.ts";

/** The settings of access, and of the configuration itself. */
export const ACCESS_SETTINGS = {
  requireKeys: toggle({
    fallback: false,
    help: "ask for a key on this machine too, such as behind a proxy; elsewhere one is always asked for",
  }),
  rate: wholeNumber({
    min: 0,
    max: 1_000_000,
    fallback: 100,
    help: "requests a second that a client may make, 0 for any number; without keys there is no limit unless given",
  }),
  newSensors: wholeNumber({
    min: 0,
    max: 10_000_000,
    fallback: 10_000,
    help: "new sensors that a client may bring in a day; without keys there is no limit unless given",
  }),
  sensors: COMMON.sensors,
  cors: list({
    help: "other origins whose pages may ask with a key, such as https://plant.example",
    placeholder: "ORIGIN",
  }),
  checkConfig: toggle({ fallback: false, help: "say whether the configuration is valid, and do nothing else" }),
};

/** What the settings of access came to. */
export interface AccessValues {
  readonly host: string;
  readonly requireKeys: boolean;
  readonly rate: number;
  readonly newSensors: number;
  readonly sensors: number;
  readonly cors: readonly string[];
}

/** A request whose answer has not begun after so long is answered without it, ms. */
const ANSWER_MS = 30_000;
/** Requests at once, in seconds' worth of the rate. */
const BURST_SECONDS = 2;

/** Whether only this machine can connect to an address. */
export function isLocal(host: string): boolean {
  return ["127.0.0.1", "localhost", "::1", "[::1]"].includes(host);
}

/** Names that a request's `Host` may have where only this machine can connect: its own, and that of a proxy before it. */
export function localNames(publicUrl: string | undefined): readonly string[] {
  const own = ["localhost", "127.0.0.1", "[::1]", "::1"];
  return publicUrl === undefined ? own : [...own, new URL(publicUrl).hostname];
}

/** Opens keys, audit log and sessions. */
export async function openAccess(
  kv: KvPort,
  values: Pick<AccessValues, "host" | "requireKeys">,
  options: { readonly clock: Clock; readonly report: (error: unknown) => void },
): Promise<Access> {
  const [keys, audit] = await Promise.all([KvKeys.open(kv, options), KvAudit.open(kv, options)]);
  return { keys, audit, sessions: new KvSessions(kv), required: values.requireKeys || !isLocal(values.host) };
}

/** What clients are held to; on this machine, without keys, only to what somebody has asked for. */
export function limitsOf(
  values: AccessValues,
  origins: { readonly rate: Origin; readonly newSensors: Origin },
  { access, supervisor, clock }: { readonly access: Access; readonly supervisor: Supervisor; readonly clock: Clock },
): Limits {
  const counts = (origin: Origin) => access.required || origin !== "default";
  const known = {
    has: (name: string) => supervisor.directory.find(name) !== undefined,
    get count() {
      return supervisor.directory.names;
    },
  };
  const ofClient = counts(origins.newSensors) ? values.newSensors : Infinity;
  const perSecond = counts(origins.rate) ? values.rate : 0;
  return {
    answerMs: ANSWER_MS,
    sensors: new SensorQuota({ all: values.sensors, ofClient }, known, clock),
    ...(perSecond === 0 ? {} : { requests: { perSecond, burst: perSecond * BURST_SECONDS } }),
  };
}

/**
 * The origins of `--cors`, as browsers spell them.
 *
 * @throws {UsageError} for one that is none
 */
export function corsOrigins(values: readonly string[]): readonly string[] {
  for (const value of values) {
    if (URL.canParse(value) && new URL(value).origin === value) continue;
    throw new UsageError(`--cors must be an origin such as https://plant.example, without a path, not ${value}`);
  }
  return values;
}

/** What an instance runs with, for `GET /config`. */
export function configView(
  values: Readonly<Record<string, unknown>>,
  origins: Readonly<Record<string, Origin>>,
  judging: Judging,
): ConfigView {
  const json = (value: unknown): Json => value === undefined ? null : JSON.parse(JSON.stringify(value));
  const settings = Object.entries(values).map(([name, value]) => [name, { value: json(value), origin: origins[name] }]);
  return { settings: Object.fromEntries(settings), judging: json(judging) };
}
