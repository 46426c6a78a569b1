/**
 * The settings of an instance on Deno Deploy, or of any `deno serve main.ts`: variables alone.
 *
 * @module
 */
import { z } from "zod";
import { PARTITIONS_MAX } from "../../store/log/log.ts";
import { ACCESS_SETTINGS } from "../instance/access.ts";
import { ALERTING_SETTINGS } from "../instance/alerting.ts";
import { LOG_SETTINGS } from "../process/log.ts";
import { judgingIn } from "../settings/config_file.ts";
import { COMMON, type JudgingPart } from "../settings/settings.ts";
import { custom, text, toggle, wholeNumber } from "../settings/setting.ts";

const judging = z.string().max(64_000).transform((text, context): JudgingPart => {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "no JSON" });
    return z.NEVER;
  }
  return judgingIn(given, "SENSORIUM_JUDGING"); // what it throws names the setting, and is told as it is
});

/** The settings, as a command's. */
export const DEPLOY = {
  name: "deploy",
  summary: "Serves the page and the API from processes that live as long as their requests.",
  settings: {
    kv: text({
      pattern: /^(https?:\/\/[^\s,]+|(?!\w+:\/\/)[^\p{Cc}]+)$/iu,
      allowed: "the path of a file, or the URL of one KV server (http://host:port)",
      fallback: undefined,
      help: "path of the KV file, or URL of a KV server (default: the app's own)",
      placeholder: "PATH|URL",
    }),
    seed: COMMON.seed,
    judging: custom({
      schema: judging,
      allowed: "what stands under judging in a configuration file, as JSON",
      fallback: {},
      help: "what is configured of judging, as JSON",
      placeholder: "JSON",
    }),
    logPartitions: wholeNumber({
      min: 1,
      max: PARTITIONS_MAX,
      fallback: 4,
      help:
        "partitions of the readings' log, fixed at the first start: requests for different ones do not wait for each other",
    }),
    token: text({
      pattern: /^[!-~]{16,256}$/,
      allowed: "16 to 256 visible ASCII characters",
      fallback: undefined,
      help: "bearer token that may do everything, to make the first keys with",
      placeholder: "SECRET",
    }),
    ...ACCESS_SETTINGS,
    ...ALERTING_SETTINGS,
    ...LOG_SETTINGS,
    requireKeys: toggle({ fallback: true, help: "ask for a key" }),
    sensors: wholeNumber({
      min: 1,
      max: 10_000,
      fallback: 2_000,
      help: "sensors that there may be; their states are held in memory",
    }),
  },
  examples: [],
} as const;
