/**
 * `/federation`: the global network of a group of sensors, what it was averaged from, and updates of outside devices.
 *
 * | ask | for |
 * |---|---|
 * | `GET /federation/groups` | groups that learn together, each with its network and its latest round |
 * | `GET /federation/rounds?group=` | what each round came to, newest first |
 * | `GET /federation/model?group=` | the network in use: JSON, or its bytes with `Accept: application/octet-stream` |
 * | `POST /federation/updates` | weights that a device has learnt on from there, for the next round |
 *
 * A group's network is rolled back and pinned like any model, as `network:GROUP` under `/models`.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { z } from "zod";
import { networkModel } from "../actors/federation/group.ts";
import { FEDERATION_LIMITS, type FederationStore, type RoundRecord } from "../actors/federation/port.ts";
import { decodeWeights } from "../actors/federation/weights.ts";
import type { ModelVersion } from "../actors/model_registry.ts";
import type { ModelServer } from "../actors/model_server.ts";
import type { AppDeps } from "./deps.ts";
import { isKnown } from "./etag.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";
import { integerParameter, limitParameter, readQuery } from "./query.ts";
import { postUpdate } from "./federation_updates.ts";
import { iso, type Wire, wirePage } from "./wire.ts";

const JSON_TYPE = "application/json", BYTES_TYPE = "application/octet-stream";

/** `group`: a type, or a set of channels as `GET /federation/groups` spells it. */
const groupParameter = z.string().min(1, "group must not be empty").max(128, "group must have at most 128 characters")
  .optional().describe("May be left out where there is only one");

/** Query of `GET /federation/model`. */
export const federationModelQuery = z.object({ group: groupParameter });
/** Query of `GET /federation/rounds`. */
export const federationRoundsQuery = z.object({
  group: groupParameter,
  limit: limitParameter,
  cursor: integerParameter(0, Number.MAX_SAFE_INTEGER).optional(),
});

/** What the routes of the federation work with. */
interface Parts {
  readonly store: FederationStore;
  readonly models: ModelServer;
}

function wireRound(record: RoundRecord): Wire<RoundRecord, "time"> {
  return { ...record, time: iso(record.time) };
}

/** The group that is asked for, or the only one. */
async function groupFor(store: FederationStore, asked: string | undefined): Promise<string> {
  if (asked !== undefined) return asked;
  const groups = (await store.groups()).map(({ group }) => group);
  if (groups.length === 1) return groups[0];
  if (groups.length === 0) throw new Problem(404, "There is no group that learns together yet.");
  const few = groups.slice(0, 10).join(", "), message = `group must be said where there are several: ${few}`;
  throw new Problem(400, "The query is not valid.", { errors: [{ field: "group", message }] });
}

/** The version of a group's network that is in use. */
async function inUse({ models: { registry } }: Parts, group: string): Promise<ModelVersion> {
  const name = networkModel(group), state = await registry.state(name);
  const version = state === undefined ? undefined : await registry.version(name, state.active);
  if (version === undefined) throw notFound("global network of the group", group);
  return version;
}

async function answerModel(c: Context, parts: Parts): Promise<Response> {
  const group = await groupFor(parts.store, readQuery(c, federationModelQuery).group);
  const version = await inUse(parts, group);
  const type = accepts(c, { header: "Accept", supports: [JSON_TYPE, BYTES_TYPE], default: JSON_TYPE });
  const etag = type === BYTES_TYPE ? `"${version.sha256}"` : `"${version.sha256}-json"`;
  const headers = { etag, vary: "accept", "cache-control": "no-cache" };
  if (isKnown(c, etag)) return c.body(null, 304, headers);
  const bytes = await parts.models.registry.bytes(version.name, version.version);
  if (type === BYTES_TYPE) return c.body(new Uint8Array(bytes), 200, { ...headers, "content-type": BYTES_TYPE });
  const { round, shapes, form, weights } = decodeWeights(bytes);
  return c.json(
    {
      group,
      model: version.name,
      version: version.version,
      created: iso(version.created),
      round,
      shapes,
      form,
      weights: [...weights],
    },
    200,
    headers,
  );
}

async function answerRounds(c: Context, { store }: Parts): Promise<Response> {
  const { group: asked, limit, cursor } = readQuery(c, federationRoundsQuery);
  const group = await groupFor(store, asked);
  if (await store.group(group) === undefined) throw notFound("group", group);
  const rounds = await store.rounds(group, limit + 1, cursor), items = rounds.slice(0, limit);
  const page = rounds.length > limit ? { items, next: String(items[limit - 1].round) } : { items };
  return c.json(wirePage(page, wireRound));
}

async function answerGroups(c: Context, { store, models: { registry } }: Parts): Promise<Response> {
  readQuery(c, z.object({}));
  const items = [];
  for (const { time, ...known } of await store.groups()) {
    const model = networkModel(known.group), state = await registry.state(model);
    items.push({
      ...known,
      model,
      ...(time === undefined ? {} : { time: iso(time) }),
      ...(state === undefined ? {} : { version: state.active, latest: state.latest, pinned: state.pinned }),
      devices_most: FEDERATION_LIMITS.devices,
    });
  }
  return c.json({ items });
}

/** The routes of the federation; none where there is none. */
export function federation({ federation: store, models }: AppDeps): Hono {
  const app = new Hono();
  if (store === undefined || models === undefined) return app;
  const parts: Parts = { store, models };
  app.get("/federation/groups", (c) => answerGroups(c, parts));
  app.get("/federation/rounds", (c) => answerRounds(c, parts));
  app.get("/federation/model", (c) => answerModel(c, parts));
  app.post("/federation/updates", (c) =>
    postUpdate(c, store, async (group) => {
      const { name, version } = await inUse(parts, group);
      return decodeWeights(await models.registry.bytes(name, version));
    }));
  for (const path of ["groups", "rounds", "model"]) onlyMethods(app, `/federation/${path}`, ["GET"]);
  onlyMethods(app, "/federation/updates", ["POST"]);
  return app;
}
