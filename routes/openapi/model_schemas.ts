/**
 * The shapes of models and their versions, as the OpenAPI document names them.
 *
 * @module
 */
import { z } from "zod";
import type { ModelState, ModelVersion } from "../../actors/model_registry.ts";
import { countSchema as count, documents, timeSchema as time } from "./parts.ts";
import type { Wire } from "../wire.ts";

const lineage = z.object({
  data: z.string(),
  rows: count,
  configuration: z.unknown(),
  seed: z.number().int(),
  parent: z.number().int().min(1).optional(),
});

/** A version of a model. */
export const modelVersionSchema = documents<Wire<ModelVersion, "created">>()(z.object({
  name: z.string(),
  version: z.number().int().min(1),
  kind: z.enum(["logistic", "forest", "network"]),
  scope: z.enum(["global", "local"]),
  lineage,
  metrics: z.unknown(),
  created: time,
  size: count,
  sha256: z.string(),
}));

/** Which version of a model is in use. */
export const modelStateSchema = documents<ModelState>()(z.object({
  name: z.string(),
  active: z.number().int().min(1),
  latest: z.number().int().min(1),
  pinned: z.boolean(),
}));
