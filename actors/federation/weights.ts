/**
 * A network's weights as bytes: what the registry keeps of a global network, and what a device is handed.
 *
 *     offset  bytes
 *     0       4      "SNW1"
 *     4       4      length of the header, unsigned, little endian; the header ends on a multiple of 4
 *     8       n      header: JSON in UTF-8, filled up with spaces
 *     8 + n   4 * w  weights: Float32, little endian, tensor by tensor, the last dimension fastest
 *
 * The form of the network is the business of who computes with it: here it is JSON that passes through.
 *
 * @module
 */
import { z } from "zod";
import { UPDATE_WEIGHT_MOST } from "../../models/federation/update.ts";
import type { Json } from "../ports.ts";

/** Limits of a network that is exchanged. */
export const WEIGHTS_LIMITS = {
  /** Weights of one network: 256 KiB as Float32. */
  weights: 65_536,
  /** Tensors of one network. */
  tensors: 64,
  /** Bytes of the header. */
  headerBytes: 64 * 1024,
  /** Magnitude of a weight; sensors' own stay well within it. */
  magnitude: UPDATE_WEIGHT_MOST,
} as const;

/** A network's weights, and what is known of them. */
export interface NetworkWeights {
  /** The group of sensors that it is for. */
  readonly group: string;
  /** The round that it came out of; 0 for one that was never averaged. */
  readonly round: number;
  /** Dimensions of each tensor, in order. */
  readonly shapes: readonly (readonly number[])[];
  /** How the network is built: its inputs, its layers, their scales. Opaque here. */
  readonly form: Json;
  /** All tensors, one behind the other; finite. */
  readonly weights: Float32Array;
}

/** Bytes that are no network's, or a network against the limits; the message is one sentence. */
export class WeightsFormatError extends Error {
  override name = "WeightsFormatError";
}

const MAGIC = 0x31574e53; // "SNW1", read as little endian
const HEAD_BYTES = 8;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The dimensions of a network's tensors. */
export const shapesSchema = z.array(
  z.array(z.number().int().min(1).max(WEIGHTS_LIMITS.weights)).min(1).max(4),
).min(1).max(WEIGHTS_LIMITS.tensors);

const headerSchema = z.strictObject({
  group: z.string().min(1).max(128),
  round: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  shapes: shapesSchema,
  form: z.json(),
});

/** How many weights tensors of such shapes have. */
export function weightCount(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Length of all weights as one vector. */
export function weightNorm(weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * weights[i];
  return Math.sqrt(sum);
}

/** The place of the first weight that is not finite or too great; −1 if there is none. */
export function wrongWeight(weights: ArrayLike<number>): number {
  for (let i = 0; i < weights.length; i++) if (!(Math.abs(weights[i]) <= WEIGHTS_LIMITS.magnitude)) return i;
  return -1;
}

/**
 * The bytes of a network. The same network gives the same bytes.
 *
 * @throws {WeightsFormatError} if it is against {@linkcode WEIGHTS_LIMITS}, or its shapes do not fit its weights
 */
export function encodeWeights({ group, round, shapes, form, weights }: NetworkWeights): Uint8Array<ArrayBuffer> {
  const header = headerSchema.safeParse({ group, round, shapes, form });
  if (!header.success) {
    const [{ path, message }] = header.error.issues;
    throw new WeightsFormatError(`cannot write a network: ${path.join(".")}: ${message}`);
  }
  check("write", shapes, weights);
  const text = new TextEncoder().encode(JSON.stringify({ group, round, shapes, form }));
  const length = Math.ceil(text.length / 4) * 4;
  if (length > WEIGHTS_LIMITS.headerBytes) {
    throw new WeightsFormatError(
      `cannot write a network: its header has ${length} bytes, at most ${WEIGHTS_LIMITS.headerBytes}`,
    );
  }
  const bytes = new Uint8Array(HEAD_BYTES + length + 4 * weights.length), view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, length, true);
  bytes.fill(0x20, HEAD_BYTES, HEAD_BYTES + length);
  bytes.set(text, HEAD_BYTES);
  for (let i = 0; i < weights.length; i++) view.setFloat32(HEAD_BYTES + length + 4 * i, weights[i], true);
  return bytes;
}

/**
 * The network of such bytes.
 *
 * @throws {WeightsFormatError} for anything that {@linkcode encodeWeights} did not make
 */
export function decodeWeights(bytes: Uint8Array): NetworkWeights {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new WeightsFormatError("cannot read the bytes of a network: they do not begin with SNW1");
  }
  const length = view.getUint32(4, true), at = HEAD_BYTES + length;
  if (length % 4 !== 0 || length > WEIGHTS_LIMITS.headerBytes || at > bytes.length || (bytes.length - at) % 4 !== 0) {
    throw new WeightsFormatError(
      `cannot read the bytes of a network: ${bytes.length} do not fit a header of ${length}`,
    );
  }
  const header = readHeader(bytes.subarray(HEAD_BYTES, at));
  const weights = new Float32Array((bytes.length - at) / 4);
  for (let i = 0; i < weights.length; i++) weights[i] = view.getFloat32(at + 4 * i, true);
  check("read the bytes of", header.shapes, weights);
  return { ...header, weights };
}

function readHeader(bytes: Uint8Array): z.infer<typeof headerSchema> {
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw new WeightsFormatError("cannot read the bytes of a network: the header is not JSON", { cause: error });
  }
  const result = headerSchema.safeParse(json);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw new WeightsFormatError(`cannot read the bytes of a network: header, ${path.join(".")}: ${message}`);
}

function check(what: string, shapes: readonly (readonly number[])[], weights: Float32Array): void {
  const count = weightCount(shapes), { weights: most, magnitude } = WEIGHTS_LIMITS;
  if (count > most) throw new WeightsFormatError(`cannot ${what} a network: it has ${count} weights, at most ${most}`);
  if (count !== weights.length) {
    throw new WeightsFormatError(`cannot ${what} a network: its shapes hold ${count} weights, not ${weights.length}`);
  }
  const wrong = wrongWeight(weights);
  if (wrong >= 0) {
    throw new WeightsFormatError(
      `cannot ${what} a network: weight ${wrong} must be from -${magnitude} to ${magnitude}, not ${weights[wrong]}`,
    );
  }
}
