/**
 * Which version this is, and which Deno it needs.
 *
 * Imports nothing that an older Deno could fail on before it is told so.
 *
 * @module
 */
import project from "../../deno.json" with { type: "json" };

/** Sensorium's version. */
export const VERSION: string = project.version;

/** The Deno that it is tested with; an older one is refused. */
export const DENO_LEAST = "2.9.6";

/**
 * Why a Deno is refused.
 *
 * @param version as `Deno.version.deno` gives it: `2.9.6`, `3.0.0-rc.1+abc`
 * @returns one sentence; undefined if it is new enough
 */
export function refusedDeno(version: string): string | undefined {
  const have = parts(version);
  const need = parts(DENO_LEAST);
  const at = need.findIndex((part, i) => have[i] !== part);
  const older = at >= 0 && !(have[at] > need[at]);
  if (!older) return undefined;
  return `Sensorium needs Deno ${DENO_LEAST} or newer, this is ${version}: run it with npx -y deno@${DENO_LEAST}, or deno upgrade`;
}

/** The three numbers of a version; NaN where there is none. */
function parts(version: string): number[] {
  return version.split(/[-+]/)[0].split(".").slice(0, 3).map(Number);
}
