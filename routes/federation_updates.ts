/**
 * `POST /federation/updates`: weights that a device outside has learnt, for the next round of its group.
 *
 *     {"device": "plc-7", "group": "room", "round": 12, "readings": 1800, "loss": 0.04, "weights": [0.1, ...]}
 *
 * `round` is that of the network which it learnt on from, as `GET /federation/model` names it; `weights` are those of
 * its tensors, one behind the other, as numbers or as base64 of Float32 in little endian. It is answered with 202, or
 * with 200 where the same was sent before; other content for the same round is a 409.
 *
 * @module
 */
import type { Context } from "hono";
import { z } from "zod";
import {
  type DeviceUpdate,
  FEDERATION_LIMITS,
  type FederationStore,
  type UpdateAnswer,
} from "../actors/federation/port.ts";
import {
  type NetworkWeights,
  shapesSchema,
  weightCount,
  WEIGHTS_LIMITS,
  wrongWeight,
} from "../actors/federation/weights.ts";
import { readJson } from "./body.ts";
import { fieldErrors, Problem, type ProblemError } from "./problem.ts";

/** Greatest body, bytes: the most weights, each spelt with 24 characters, and what stands beside them. */
export const UPDATE_BYTES = 24 * FEDERATION_LIMITS.weights + 16 * 1024;

const limits = FEDERATION_LIMITS;
// deno-lint-ignore no-control-regex -- control characters are exactly what a name must not hold
const CONTROL = /[\u0000-\u001f\u007f]|\p{Surrogate}/u;
const tooMany = `weights must be at most ${limits.weights}`;

/** The body of an update. */
export const updateBody = z.strictObject({
  device: z.string("device must be a text").min(1, "device must not be empty")
    .max(limits.deviceLength, `device must have at most ${limits.deviceLength} characters`)
    .refine((text) => !CONTROL.test(text), { error: "device must have no control characters" }),
  group: z.string("group must be a text").min(1, "group must not be empty").max(128),
  round: z.number("round must be a whole number of 0 or more").int().min(0).max(Number.MAX_SAFE_INTEGER),
  readings: z.number(`readings must be a whole number from 1 to ${limits.readings}`).int().min(1).max(limits.readings),
  loss: z.number("loss must be a number of 0 or more").min(0).max(1e9),
  /** To be certain that both mean the same network. */
  shapes: shapesSchema.optional(),
  weights: z.union([
    z.array(z.number()).max(limits.weights, tooMany),
    z.base64().max(4 * Math.ceil(4 * limits.weights / 3), tooMany),
  ], { error: "weights must be an array of numbers, or base64 of Float32 in little endian" }),
});

/** The weights as they came, whatever the form. */
function weightsOf(weights: readonly number[] | string): Float32Array {
  if (typeof weights !== "string") return Float32Array.from(weights);
  const bytes = Uint8Array.fromBase64(weights), view = new DataView(bytes.buffer);
  if (bytes.length % 4 !== 0) {
    throw invalid(400, [{ field: "weights", message: `${bytes.length} bytes are no Float32 values` }]);
  }
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(4 * at, true));
}

function invalid(status: 400 | 422, errors: readonly ProblemError[]): Problem {
  return new Problem(
    status,
    status === 400 ? "The body is not valid." : "The update does not fit the group's network.",
    {
      errors,
    },
  );
}

/** Whether the weights are of the network in use. */
function checkShape(shapes: readonly (readonly number[])[] | undefined, count: number, global: NetworkWeights): void {
  const errors: ProblemError[] = [], wanted = weightCount(global.shapes), text = JSON.stringify(global.shapes);
  if (shapes !== undefined && JSON.stringify(shapes) !== text) {
    const most = text.length > 400 ? `${text.slice(0, 397)}...` : text;
    errors.push({ field: "shapes", message: `shapes must be ${most}, as GET /federation/model has them` });
  }
  if (count !== wanted) errors.push({ field: "weights", message: `weights must be ${wanted} numbers, not ${count}` });
  if (errors.length > 0) throw invalid(422, errors);
}

/** Reads and judges the body. */
async function updateOf(
  c: Context,
  globalOf: (group: string) => Promise<NetworkWeights>,
): Promise<{ update: DeviceUpdate; inUse: number }> {
  const result = updateBody.safeParse(await readJson(c, UPDATE_BYTES));
  if (!result.success) throw invalid(400, fieldErrors(result.error).slice(0, 20));
  const { shapes, weights: given, ...known } = result.data, weights = weightsOf(given);
  const wrong = wrongWeight(weights), { magnitude } = WEIGHTS_LIMITS;
  if (wrong >= 0) {
    const message = `must be from -${magnitude} to ${magnitude}, not ${weights[wrong]}`;
    throw invalid(400, [{ field: `weights.${wrong}`, message }]);
  }
  const global = await globalOf(known.group);
  checkShape(shapes, weights.length, global);
  return { update: { ...known, weights }, inUse: global.round };
}

/** The problem that an update is answered with, if it was not taken. */
function refusal({ device, group, round }: DeviceUpdate, answer: UpdateAnswer): Problem | undefined {
  switch (answer.kind) {
    case "differs":
      return new Problem(409, `${device} has sent other content for round ${round} of ${group}; that stays.`);
    case "stale":
    case "ahead": {
      const why = answer.kind === "ahead" ? "is not there yet" : "is too far behind";
      const detail = `Round ${round} of ${group} ${why}: the latest is ${answer.latest}. Get the network anew.`;
      const message = `round must be that of the network in use: the latest is ${answer.latest}`;
      return new Problem(409, detail, { errors: [{ field: "round", message }] });
    }
    case "full": {
      const what = answer.what === "devices" ? `${limits.devices} devices` : `${limits.bytes} bytes of weights`;
      const headers = { "retry-after": "60" };
      return new Problem(503, `The group ${group} holds ${what}, which is the most.`, { headers });
    }
    default:
      return undefined;
  }
}

/**
 * Takes an update.
 *
 * @param globalOf the network in use of a group; throws a problem where there is none
 */
export async function postUpdate(
  c: Context,
  store: FederationStore,
  globalOf: (group: string) => Promise<NetworkWeights>,
): Promise<Response> {
  const { update, inUse } = await updateOf(c, globalOf), answer = await store.putUpdate(update, inUse);
  const problem = refusal(update, answer);
  if (problem !== undefined) throw problem;
  const { device, group, round } = update;
  const isNew = answer.kind === "accepted";
  return c.json({ device, group, round, status: isNew ? "accepted" : "known" }, isNew ? 202 : 200);
}
