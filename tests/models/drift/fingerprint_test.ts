/** @module */
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "../../../std/assert.ts";
import {
  fingerprint,
  FINGERPRINT_DOUBLES,
  FINGERPRINT_ROWS_LEAST,
  fingerprintDrift,
} from "../../../models/drift/fingerprint.ts";
import { PSI_DRIFTED, PSI_STEADY } from "../../../models/drift/psi.ts";
import { normal } from "../states/recordings.ts";

/** Rows of two features: one that is always alike, one with a level of its own. */
function sample(seed: number, rows: number, level: number): Float64Array {
  const noise = normal(seed);
  return Float64Array.from({ length: 2 * rows }, (_, i) => noise() + (i % 2 === 1 ? level : 0));
}

Deno.test("fingerprintDrift() finds the feature whose level changed by one deviation, and not the other one", () => {
  for (let seed = 0; seed < 20; seed++) {
    const print = fingerprint(sample(seed, 1_000, 0), 2);
    const [same, other] = fingerprintDrift(print, sample(100 + seed, 500, 1), 2);
    assertLess(same, PSI_STEADY);
    assertGreater(other, PSI_DRIFTED);
  }
});

Deno.test("fingerprintDrift() of small samples of the same kind says drifted less than once in a hundred", () => {
  let drifted = 0;
  for (let seed = 0; seed < 300; seed++) {
    const print = fingerprint(sample(seed, 200, 0), 2);
    for (const index of fingerprintDrift(print, sample(1_000 + seed, 200, 0), 2)) if (index >= PSI_DRIFTED) drifted++;
  }
  assertLess(drifted, 6, "of 600");
});

Deno.test("fingerprintDrift() is 0 of the training sample itself, and where there are too few rows", () => {
  const rows = sample(1, 400, 3), print = fingerprint(rows, 2);
  assertEquals([...fingerprintDrift(print, rows, 2)], [0, 0]);
  assertEquals([...fingerprintDrift(print, sample(2, FINGERPRINT_ROWS_LEAST - 1, 99), 2)], [0, 0]);
  assertEquals([...fingerprintDrift(fingerprint(new Float64Array(0), 2), rows, 2)], [0, 0]);
  assert(fingerprintDrift(print, sample(2, FINGERPRINT_ROWS_LEAST, 99), 2)[1] > PSI_DRIFTED);
});

Deno.test("fingerprint() takes Float32 rows as well; fingerprintDrift() refuses another number of features", () => {
  const rows = sample(1, 400, 3), print = fingerprint(Float32Array.from(rows), 2);
  assertEquals(print.length, 2 * FINGERPRINT_DOUBLES);
  assert(print.every(Number.isFinite));
  assertLess(Math.max(...fingerprintDrift(print, rows, 2)), PSI_STEADY);
  assertThrows(() => fingerprintDrift(print, rows, 4), RangeError, "of 2 features, not of 4");
});
