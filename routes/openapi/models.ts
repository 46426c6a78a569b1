/**
 * What the document says of models: asking them, their versions, and the V2 inference protocol.
 *
 * @module
 */
import { z } from "zod";
import { pinBody, registerBody, rollBackBody } from "../models.ts";
import type { Operation } from "../openapi.ts";
import { json } from "./parts.ts";
import { noQuery } from "./observe.ts";
import { modelStateSchema, modelVersionSchema } from "./model_schemas.ts";
import { predictQuery } from "../predict.ts";
import { inferenceBody, OUTPUTS } from "../tensors.ts";

/** An item: the model's inputs by name. Which they are, and their ranges, is the model's: `GET /v2/models/{model}`. */
const item = z.record(z.string(), z.number());
const prediction = z.object({
  prediction: z.union([z.literal(0), z.literal(1)]).describe("0 normal, 1 abnormal"),
  score: z.number().min(0).max(1),
  threshold: z.number(),
  contributions: z.record(z.string(), z.number()),
  model: z.string(),
  model_version: z.number().int().min(1),
});
const stateAnswer = { 200: json("Which version is in use now.", modelStateSchema) };
const name = { name: "The model's name" }, named = { ...name, version: "The version's number" };

const registry: readonly Operation[] = [
  {
    method: "post",
    path: "/predict",
    tag: "Models",
    summary: "What a model says of one item or many",
    query: predictQuery,
    body: { "application/json": z.union([item, z.array(item)]) },
    answers: { 200: json("One answer, or as many as items.", z.union([prediction, z.array(prediction)])) },
    problems: [404],
  },
  {
    method: "get",
    path: "/models",
    tag: "Models",
    summary: "Every model with the version in use",
    query: noQuery,
    answers: {
      200: json("All models.", z.object({ items: z.array(modelStateSchema.extend({ version: modelVersionSchema })) })),
    },
  },
  {
    method: "get",
    path: "/models/{name}",
    tag: "Models",
    summary: "One model with all its versions, newest first",
    params: name,
    answers: { 200: json("The model.", modelStateSchema.extend({ versions: z.array(modelVersionSchema) })) },
  },
  {
    method: "get",
    path: "/models/{name}/versions/{version}",
    tag: "Models",
    summary: "One version: lineage, metrics, hash",
    params: named,
    answers: { 200: json("The version.", modelVersionSchema) },
  },
  {
    method: "get",
    path: "/models/{name}/versions/{version}/bytes",
    tag: "Models",
    summary: "A version's bytes",
    params: named,
    answers: { 200: { description: "The bytes.", content: { "application/octet-stream": "binary" } } },
  },
  {
    method: "post",
    path: "/models/{name}/pin",
    tag: "Models",
    summary: "Put a version to use and keep it there",
    params: name,
    body: { "application/json": pinBody },
    answers: stateAnswer,
    problems: [409],
  },
  {
    method: "post",
    path: "/models/{name}/unpin",
    tag: "Models",
    summary: "Put the latest version to use, and every new one",
    params: name,
    body: { "application/json": z.strictObject({}) },
    bodyOptional: true,
    answers: stateAnswer,
    problems: [409],
  },
  {
    method: "post",
    path: "/models/{name}/rollback",
    tag: "Models",
    summary: "Go back to the version before, until a new one comes",
    params: name,
    body: { "application/json": rollBackBody },
    bodyOptional: true,
    answers: stateAnswer,
    problems: [409],
  },
  {
    method: "post",
    path: "/admin/models",
    tag: "Administration",
    summary: "Register a version",
    body: { "application/json": registerBody },
    answers: { 201: json("The version.", modelVersionSchema) },
    problems: [404, 409],
  },
];

const parameters = z.record(z.string(), z.unknown()).optional();
const described = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.number().int()), parameters });
const metadata = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(described),
  outputs: z.array(described),
});
const inferred = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  outputs: z.array(z.object({
    name: z.enum(OUTPUTS),
    datatype: z.string(),
    shape: z.array(z.number().int()),
    data: z.array(z.number()),
  })),
});

function v2Of(path: string, params: Readonly<Record<string, string>>): readonly Operation[] {
  const tag = "V2 inference protocol", v2 = true;
  return [
    {
      method: "get",
      path,
      tag,
      v2,
      summary: "A model's inputs and outputs",
      params,
      answers: { 200: json("Metadata.", metadata) },
    },
    {
      method: "get",
      path: `${path}/ready`,
      tag,
      v2,
      summary: "Whether it can answer",
      params,
      answers: { 200: json("It can.", z.object({ name: z.string(), ready: z.boolean() })) },
    },
    {
      method: "post",
      path: `${path}/infer`,
      tag,
      v2,
      summary: "Tensors in, tensors out",
      params,
      body: { "application/json": inferenceBody },
      answers: { 200: json("The outputs.", inferred) },
    },
  ];
}

const readiness = json("Whether the server can infer.", z.object({ ready: z.boolean() }));
const server: readonly Operation[] = [
  {
    method: "get",
    path: "/v2",
    tag: "V2 inference protocol",
    v2: true,
    summary: "The server",
    answers: {
      200: json(
        "Name and version.",
        z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
      ),
    },
  },
  {
    method: "get",
    path: "/v2/health/live",
    tag: "V2 inference protocol",
    v2: true,
    summary: "Whether the server lives",
    answers: { 200: json("It does.", z.object({ live: z.boolean() })) },
  },
  {
    method: "get",
    path: "/v2/health/ready",
    tag: "V2 inference protocol",
    v2: true,
    summary: "Whether the server can infer",
    answers: { 200: readiness, 503: readiness },
  },
];

/** Asking models and choosing among their versions. */
export const modelling: readonly Operation[] = [
  ...registry,
  ...server,
  ...v2Of("/v2/models/{model}", { model: "The model's name" }),
  ...v2Of("/v2/models/{model}/versions/{version}", { model: "The model's name", version: "The version's number" }),
];
