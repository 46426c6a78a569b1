/**
 * `deno task keys`: makes, lists and takes back keys of the API.
 *
 * Of a data directory that runs the running instance does it, so that a key counts, or ends, from the next request on.
 *
 * @module
 */
import { z } from "zod";
import { type ApiKey, KeyRuleError, type NewKey, type Scope, SCOPES } from "../actors/keys.ts";
import { KvKeys } from "../store/api_keys.ts";
import { KvAudit } from "../store/audit.ts";
import { checkFormat } from "../store/format.ts";
import type { KvPort } from "../store/kv.ts";
import { lockState } from "../store/lock.ts";
import { systemClock } from "./process/clock.ts";
import { openDatabase } from "./instance/database.ts";
import { CommandError, EXIT, UsageError } from "./process/errors.ts";
import { columns } from "./process/help.ts";
import { type Instance, servingInstance, takeDataDir } from "./instance/instance.ts";
import { list, wholeNumber } from "./settings/setting.ts";
import { type Command, COMMON, readSettings } from "./settings/settings.ts";
import { taskOn } from "./process/task_line.ts";

const settings = {
  dataDir: COMMON.dataDir,
  kv: COMMON.kv,
  scopes: list({ help: `what a new key may do: some of ${SCOPES.join(", ")}`, placeholder: "SCOPE" }),
  days: wholeNumber({ min: 0, max: 3650, fallback: 0, help: "days after which a new key expires, 0 for never" }),
};

const command: Command<typeof settings> = {
  name: "keys",
  summary: "Makes, lists and takes back keys of the API; while it runs, too.",
  positional: { what: "list, create NAME or revoke ID", least: 0, most: 2 },
  settings,
  examples: [
    { line: "deno task keys", does: "all keys, without their secrets" },
    { line: "deno task keys create gateway --scopes ingest", does: "a key that can send readings, shown once" },
    { line: "deno task keys create control-room --scopes read,operate --days 365", does: "one that expires" },
    { line: "deno task keys revoke k3v6r2ab", does: "take a key back" },
  ],
  notes: [
    "read asks for everything, ingest sends readings, operate acknowledges, labels and pins models, admin does the rest.",
    "A key is stored as a hash: what create prints is shown once.",
  ],
};

/** Milliseconds of a day. */
const DAY_MS = 86_400_000;

/** What can be done to keys, wherever they are. */
interface Keys {
  list(): Promise<readonly ApiKey[]>;
  create(key: NewKey): Promise<{ readonly key: ApiKey; readonly secret: string }>;
  revoke(id: string): Promise<ApiKey>;
}

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns the exit code
 * @throws {CommandError} one sentence, where it cannot be done
 */
export async function keys(args: readonly string[]): Promise<number> {
  const { values, positional: [verb = "list", what] } = await readSettings(command, args);
  if (!["list", "create", "revoke"].includes(verb)) {
    throw new UsageError(`keys must be asked to list, create or revoke, not ${JSON.stringify(verb)}`);
  }
  if (verb !== "list" && what === undefined) {
    throw new UsageError(`keys ${verb} needs ${verb === "create" ? "NAME" : "ID"}`);
  }
  if (verb === "create" && values.scopes.length === 0) {
    throw new UsageError(`keys create needs --scopes with some of ${SCOPES.join(", ")}`);
  }
  await withKeys(values.dataDir, values.kv, async (keys) => {
    if (verb === "list") showAll(await keys.list(), values.dataDir);
    else if (verb === "revoke") console.log(`revoked: ${line(await keys.revoke(what)).join("  ")}`);
    else showNew(await keys.create(wanted(what, values)));
  });
  return EXIT.done;
}

function wanted(name: string, { scopes, days }: { readonly scopes: readonly string[]; readonly days: number }): NewKey {
  const known = scopes.map((scope) => {
    const found = SCOPES.find((one): one is Scope => one === scope);
    if (found === undefined) throw new UsageError(`--scopes must be some of ${SCOPES.join(", ")}, not ${scope}`);
    return found;
  });
  return { name, scopes: known, ...(days === 0 ? {} : { expires: systemClock.now() + days * DAY_MS }) };
}

function showNew({ key, secret }: { readonly key: ApiKey; readonly secret: string }): void {
  console.error(`made: ${line(key).join("  ")}. It is shown this once:`);
  console.log(secret);
}

function showAll(all: readonly ApiKey[], dataDir: string): void {
  const make = taskOn(dataDir, ["keys", "create", "NAME", "--scopes", "read"]);
  if (all.length === 0) console.log(`There is no key yet: ${make}`);
  else console.log(columns(all.map((key) => [line(key)[0], line(key).slice(1).join("  ")])).join("\n"));
}

function line({ id, name, scopes, created, expires }: ApiKey): string[] {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  const until = expires === undefined ? [] : [`until ${day(expires)}`];
  return [id, name, scopes.join(","), `since ${day(created)}`, ...until];
}

/** Works with the keys of a data directory: in the store where nothing runs, else of the running instance. */
async function withKeys(dataDir: string, kv: string | undefined, work: (keys: Keys) => Promise<void>): Promise<void> {
  if (await lockState(dataDir) === "held") return await work(liveKeys(await servingInstance(dataDir)));
  const lock = await takeDataDir(dataDir);
  try {
    const store = await openDatabase(dataDir, kv, systemClock);
    try {
      await checkFormat(store);
      await work(await keysAtRest(store));
    } finally {
      store.close();
    }
  } catch (error) {
    throw error instanceof KeyRuleError ? new CommandError(error.message, { cause: error }) : error;
  } finally {
    await lock.release();
  }
}

/** Keys in a store that nobody runs on; changes go into its audit log as the command's. */
async function keysAtRest(store: KvPort): Promise<Keys> {
  const options = { clock: systemClock }, book = await KvKeys.open(store, options);
  const audit = await KvAudit.open(store, options);
  const note = (action: string, { id, name }: ApiKey) =>
    audit.note({ actor: "command", from: "command", action, status: 200, detail: `key ${id} ${name}` });
  return {
    list: () => book.list(),
    async create(key) {
      const made = await book.create(key);
      await note("keys create", made.key);
      return made;
    },
    async revoke(id) {
      const key = await book.revoke(id);
      await note("keys revoke", key);
      return key;
    },
  };
}

const time = z.iso.datetime().transform((text) => Date.parse(text));
const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(["read", "ingest", "operate", "admin"])),
  created: time,
  expires: time.optional(),
});

/** The keys of a running instance, asked over HTTP. */
function liveKeys(instance: Instance): Keys {
  const ask = async <T>(method: string, path: string, schema: z.ZodType<T>, body?: object): Promise<T> => {
    const answer = await request(instance, method, path, body),
      json: unknown = await answer.json().catch(() => undefined);
    if (answer.ok) return schema.parse(json);
    const { detail } = z.object({ detail: z.string() }).catch({ detail: `HTTP ${answer.status}` }).parse(json);
    throw new CommandError(`the instance at ${instance.url} refused: ${detail}`);
  };
  return {
    list: async () => (await ask("GET", "", z.object({ items: z.array(keySchema) }))).items,
    async create({ expires, ...key }) {
      const until = expires === undefined ? {} : { expires: new Date(expires).toISOString() };
      const { secret, ...made } = await ask("POST", "", keySchema.extend({ secret: z.string() }), { ...key, ...until });
      return { key: made, secret };
    },
    revoke: (id) => ask("DELETE", `/${encodeURIComponent(id)}`, keySchema),
  };
}

async function request(instance: Instance, method: string, path: string, body?: object): Promise<Response> {
  try {
    return await fetch(`${instance.url}/admin/keys${path}`, {
      method,
      redirect: "error", // the token is for this address alone
      headers: { authorization: `Bearer ${instance.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new CommandError(`process ${instance.pid} does not answer at ${instance.url}`, { cause: error });
  }
}
