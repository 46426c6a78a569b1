/**
 * The JSON Schema of the config file, for editors: the settings that validate it, told in another form.
 *
 * @module
 */
import { z } from "zod";
import { judgingSchema } from "../../actors/config.ts";
import type { Json } from "../../actors/ports.ts";
import { COMMON } from "./common.ts";
import { COMMAND_NAMES } from "../process/names.ts";
import type { Setting, SettingTable } from "./setting.ts";

/**
 * The schema of a config file.
 *
 * @param command the command whose own part is known in full; those of others may hold anything
 * @param table its settings
 */
export function configSchema(command: string, table: SettingTable): Json {
  const parts = [...COMMAND_NAMES].filter((name) => name !== command).map((name) => [name, { type: "object" }]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Sensorium's config file",
    type: "object",
    properties: {
      $schema: { type: "string" },
      ...settingsOf(COMMON),
      ...Object.fromEntries(parts),
      [command]: { type: "object", properties: settingsOf(table), additionalProperties: false },
      judging: plain(judgingSchema),
    },
    additionalProperties: false,
  };
}

function settingsOf(table: SettingTable): { readonly [name: string]: Json } {
  return Object.fromEntries(
    Object.entries<Setting<unknown>>(table).map(([name, { schema, help, fallback }]) => {
      const said: { readonly [key: string]: Json } = { ...plain(schema), description: help };
      const usual: Json | undefined = fallback === undefined ? undefined : JSON.parse(JSON.stringify(fallback));
      return [name, usual === undefined ? said : { ...said, default: usual }];
    }),
  );
}

/** A schema as JSON Schema; what only code can judge is left to the program. */
function plain(schema: z.ZodType): { readonly [key: string]: Json } {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return JSON.parse(JSON.stringify(json));
}
