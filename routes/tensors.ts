/**
 * The tensors of an inference request: judged, and laid out as rows.
 *
 * Two ways to send `n` rows of a model with `d` inputs: one tensor of shape `[n, d]` (of any name; columns in the order
 * of the metadata), or `d` tensors of shape `[n]` or `[n, 1]`, each named as an input.
 *
 * @module
 */
import { z } from "zod";
import type { ModelInput } from "../actors/served_model.ts";
import { seen } from "./items.ts";

/** Rows of one request. */
const ROWS_MOST = 100_000;
/** The tensors that can be asked for, in the order of the answer. */
export const OUTPUTS = ["prediction", "score", "contributions"] as const;
/** A tensor that can be asked for. */
export type Output = typeof OUTPUTS[number];

/** An error in the protocol's own form. */
export class V2Error extends Error {
  override name = "V2Error";

  /** @param status 4xx or 5xx */
  constructor(readonly status: 400 | 404 | 405 | 500 | 503, message: string) {
    super(message);
  }
}

const NUMERIC = ["FP16", "FP32", "FP64", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"];

const tensor = z.object({
  name: z.string().min(1).max(128),
  shape: z.array(z.number().int().min(0)).min(1).max(2),
  datatype: z.string(),
  data: z.array(z.unknown()),
});
/** Body of an inference request. */
export const inferenceBody = z.object({
  id: z.string().max(1024).optional(),
  inputs: z.array(tensor).min(1).max(256),
  outputs: z.array(z.object({ name: z.string() })).min(1).max(16).optional(),
});
type Tensor = z.infer<typeof tensor>;

/** What was asked. */
export interface Inference {
  readonly id?: string;
  readonly rows: Float64Array;
  readonly count: number;
  readonly outputs: readonly Output[];
}

/**
 * Lays out a request.
 *
 * @param body as `JSON.parse` gave it; `parameters` of any kind are taken and mean nothing here
 * @throws {V2Error} 400 that says what was seen and what is allowed
 */
export function readTensors(body: unknown, inputs: readonly ModelInput[]): Inference {
  const result = inferenceBody.safeParse(body);
  if (!result.success) {
    const [{ path, message }] = result.error.issues;
    throw new V2Error(400, `${path.length === 0 ? "the request" : path.join(".")}: ${message}`);
  }
  const { id, inputs: tensors, outputs } = result.data;
  for (const one of tensors) checkTensor(one);
  const { rows, count } = tensors.length === 1 && isMatrix(tensors[0], inputs.length)
    ? fromMatrix(tensors[0], inputs)
    : fromColumns(tensors, inputs);
  return { id, rows, count, outputs: outputsOf(outputs) };
}

function checkTensor({ name, shape, datatype, data }: Tensor): void {
  if (!NUMERIC.includes(datatype)) {
    throw new V2Error(400, `input ${seen(name)}: datatype must be one of ${NUMERIC.join(", ")}, not ${seen(datatype)}`);
  }
  const numbers = shape.reduce((product, size) => product * size, 1);
  const held = data.length > 0 && Array.isArray(data[0]) ? data.flat().length : data.length;
  if (held !== numbers) {
    throw new V2Error(400, `input ${seen(name)}: shape [${shape}] means ${numbers} numbers, data holds ${held}`);
  }
}

function isMatrix({ shape }: Tensor, width: number): boolean {
  return shape.length === 2 && (shape[1] === width || width > 1);
}

function fromMatrix({ name, shape: [count, columns], data }: Tensor, inputs: readonly ModelInput[]) {
  if (columns !== inputs.length) {
    const names = inputs.map((input) => input.name).join(", ");
    throw new V2Error(
      400,
      `input ${seen(name)}: its rows must have ${inputs.length} numbers (${names}), not ${columns}`,
    );
  }
  checkCount(count);
  const rows = new Float64Array(count * columns), flat = data.flat();
  flat.forEach((value, at) => rows[at] = judged(value, inputs[at % columns], Math.floor(at / columns)));
  return { rows, count };
}

function fromColumns(tensors: readonly Tensor[], inputs: readonly ModelInput[]) {
  const names = inputs.map(({ name }) => name), all = names.join(", ");
  for (const { name, shape } of tensors) {
    if (!names.includes(name)) {
      throw new V2Error(400, `unknown input ${seen(name)}: send one of shape [n, ${names.length}], or ${all}`);
    }
    if (tensors.filter((other) => other.name === name).length > 1) {
      throw new V2Error(400, `input ${seen(name)} comes twice`);
    }
    if (shape.length === 2 && shape[1] !== 1) {
      throw new V2Error(400, `input ${seen(name)}: its shape must be [n] or [n, 1], not [${shape}]`);
    }
  }
  const missing = names.find((name) => !tensors.some((one) => one.name === name));
  if (missing !== undefined) throw new V2Error(400, `input ${seen(missing)} is missing: the model takes ${all}`);
  const [{ shape: [count] }] = tensors, other = tensors.find(({ shape }) => shape[0] !== count);
  if (other !== undefined) {
    throw new V2Error(
      400,
      `input ${seen(other.name)} has ${other.shape[0]} rows, ${seen(tensors[0].name)} has ${count}`,
    );
  }
  checkCount(count);
  const rows = new Float64Array(count * inputs.length);
  inputs.forEach((input, at) => {
    const column = tensors.find(({ name }) => name === input.name)?.data.flat() ?? [];
    column.forEach((value, row) => rows[row * inputs.length + at] = judged(value, input, row));
  });
  return { rows, count };
}

function checkCount(count: number): void {
  if (count >= 1 && count <= ROWS_MOST) return;
  throw new V2Error(400, `a request must hold 1 to ${ROWS_MOST} rows, not ${count}`);
}

function judged(value: unknown, { name, low, high }: ModelInput, row: number): number {
  if (typeof value === "number" && value >= low && value <= high) return value;
  const allowed = typeof value === "number" ? `from ${low} to ${high}` : "a number";
  const what = typeof value === "number" ? String(value) : seen(value);
  throw new V2Error(400, `${name} in row ${row} must be ${allowed}, not ${what}`);
}

function outputsOf(asked: readonly { readonly name: string }[] | undefined): readonly Output[] {
  if (asked === undefined) return OUTPUTS;
  return asked.map(({ name }) => {
    const output = OUTPUTS.find((one) => one === name);
    if (output === undefined) throw new V2Error(400, `unknown output ${seen(name)}: there are ${OUTPUTS.join(", ")}`);
    return output;
  });
}
