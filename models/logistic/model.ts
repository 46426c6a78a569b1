/**
 * A trained logistic regression: probability of a row, what each feature did to it, and the model as JSON with its
 * scaler, versioned.
 *
 * @module
 */
import { z } from "zod";
import { sigmoid } from "./fit.ts";

/** The version of the form that is written. */
export const LOGISTIC_VERSION = 1;

const finite = z.number().min(-1e300).max(1e300);
const positive = z.number().positive().max(1e300);

const schema = z.strictObject({
  format: z.literal("sensorium.logistic"),
  version: z.literal(LOGISTIC_VERSION),
  /** Name, scale and allowed values of each feature. */
  features: z.array(z.strictObject({
    name: z.string().min(1).max(64),
    mean: finite,
    deviation: positive,
    low: finite,
    high: finite,
  })).min(1).max(256),
  /** Terms over scaled features: one feature, or two whose product it is; their own scale and coefficient. */
  terms: z.array(z.strictObject({
    of: z.union([
      z.tuple([z.number().int().min(0)]),
      z.tuple([z.number().int().min(0), z.number().int().min(0)]),
    ]),
    mean: finite,
    deviation: positive,
    coefficient: finite,
  })).max(40_000),
  intercept: finite,
  threshold: z.number().min(0).max(1),
}).refine(({ features, terms }) => terms.every(({ of }) => of.every((feature) => feature < features.length)), {
  error: "terms must name features that there are",
});

/** The model's form as JSON. */
export type LogisticForm = z.infer<typeof schema>;

/** Bytes that are no model of this kind, or one of a version that this program does not know. */
export class LogisticFormatError extends Error {
  override name = "LogisticFormatError";
}

/** A model that predicts. */
export class LogisticModel {
  private readonly scaled: Float64Array;

  /** @param form as it was trained or read; not changed afterwards */
  constructor(readonly form: LogisticForm) {
    this.scaled = new Float64Array(form.features.length);
  }

  /** Names of the features, in the order of a row. */
  get features(): readonly string[] {
    return this.form.features.map(({ name }) => name);
  }

  /** A probability at or above it is a 1. */
  get threshold(): number {
    return this.form.threshold;
  }

  /**
   * The probability of the label 1. Allocates nothing.
   *
   * @param row finite numbers from `at` on
   * @param contributions gets one number a feature: by how much it moved the log odds away from those of a row that
   * is usual throughout; a product's part goes to both of its features in halves
   */
  predict(row: Float64Array, at: number, contributions?: Float64Array): number {
    const { scaled, form: { features, terms, intercept } } = this;
    for (let i = 0; i < features.length; i++) {
      const { mean, deviation } = features[i];
      scaled[i] = (row[at + i] - mean) / deviation;
    }
    contributions?.fill(0, 0, features.length);
    let x = intercept;
    for (let i = 0; i < terms.length; i++) {
      const { of: [one, other], mean, deviation, coefficient } = terms[i];
      const value = other === undefined ? scaled[one] : scaled[one] * scaled[other];
      const part = coefficient * (value - mean) / deviation;
      x += part;
      if (contributions === undefined) continue;
      contributions[one] += part / 2;
      contributions[other ?? one] += part / 2;
    }
    return sigmoid(x);
  }

  /** The model as bytes: JSON in UTF-8; numbers come back bit for bit. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(JSON.stringify(this.form));
  }

  /**
   * The model of such bytes.
   *
   * @throws {LogisticFormatError} for anything else: one sentence
   */
  static fromBytes(bytes: Uint8Array): LogisticModel {
    let json: unknown;
    try {
      json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch (error) {
      throw new LogisticFormatError("cannot read the bytes of a logistic regression: they are not JSON", {
        cause: error,
      });
    }
    const result = schema.safeParse(json);
    if (result.success) return new LogisticModel(result.data);
    const [{ path, message }] = result.error.issues;
    const where = path.length === 0 ? "" : `${path.join(".")}: `;
    throw new LogisticFormatError(`cannot read the bytes of a logistic regression: ${where}${message}`);
  }
}
