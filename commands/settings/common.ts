/**
 * The settings that are the same for all commands.
 *
 * @module
 */
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import { type SettingTable, text, wholeNumber } from "./setting.ts";

/** The settings that are the same everywhere; a command takes those that concern it. */
export const COMMON = {
  host: text({
    pattern: /^[A-Za-z0-9._:\-[\]]{1,253}$/,
    allowed: "a host name or an IP address",
    fallback: "127.0.0.1",
    help: "address to listen on; another one than this machine's own is open to the network",
    placeholder: "HOST",
  }),
  port: wholeNumber({
    min: 0,
    max: 65_535,
    fallback: 8000,
    help: "port to listen on, 0 for any free one",
    placeholder: "PORT",
  }),
  dataDir: text({
    fallback: ".sensorium",
    help: "folder that holds the KV file, batches and exports",
    placeholder: "PATH",
  }),
  shards: wholeNumber({
    min: 1,
    max: 64,
    fallback: 1,
    help: "shares of the sensors: 1 works in the main thread, N > 1 in N workers; the results are the same",
  }),
  seed: wholeNumber({
    min: 0,
    max: 4_294_967_295,
    fallback: 42,
    help: "seed of everything random: the same seed gives the same readings and models",
  }),
  kv: text({
    // What looks like an address and is none would be taken for a file.
    pattern: /^(https?:\/\/[^\s,]+(\s*,\s*https?:\/\/[^\s,]+)*|(?!\w+:\/\/|[\w.\-]+:\d+(,|$))[^\p{Cc}]+)$/iu,
    allowed: "the path of a file, or URLs of KV servers (http://host:port) with commas between them",
    fallback: undefined,
    help: "path of the KV file, or URLs of KV servers with commas between them (default: a file in the data directory)",
    placeholder: "PATH|URL",
  }),
  checkpoint: wholeNumber({
    min: 1,
    max: 600_000,
    fallback: SUPERVISOR_DEFAULTS.checkpointMs,
    help: "time between two checkpoints in ms",
    placeholder: "MS",
  }),
  sensors: wholeNumber({
    min: 1,
    max: 10_000_000,
    fallback: SUPERVISOR_DEFAULTS.sensorsMost,
    help: "sensors that there may be; readings of further ones are refused",
  }),
  snapshot: wholeNumber({
    min: 1,
    max: 3_600_000,
    fallback: SUPERVISOR_DEFAULTS.snapshotMs,
    help: "time in ms within which every changed sensor is stored: what is read again after a kill",
    placeholder: "MS",
  }),
} as const satisfies SettingTable;
