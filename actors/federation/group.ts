/**
 * Groups of sensors that learn together: those of one type, or, without a type, of one set of channels.
 *
 * @module
 */
import { hashText } from "../../models/hash.ts";

/** Characters of a group's name. */
export const GROUP_LENGTH = 96;
/** What stands before the group in the name of its global model. */
const PREFIX = "network:";

/**
 * The group of a sensor: its type, and the names of its channels in order, in braces, where they are not those declared.
 *
 * A list that is too long is cut and ends with a hash of all of it, so that other channels are another group.
 *
 * @param channels in any order
 * @param declared channels that the type is declared with; the same ones unless said otherwise
 */
export function groupOf(
  type: string | undefined,
  channels: readonly string[],
  declared: readonly string[] = channels,
): string {
  const named = [...channels].sort().join(",");
  if (type !== undefined && named === [...declared].sort().join(",")) return type;
  const list = `${type === undefined ? "" : `${type} `}{${named}}`;
  if (list.length <= GROUP_LENGTH) return list;
  const hash = hashText(list).toString(16).padStart(8, "0");
  return `${list.slice(0, GROUP_LENGTH - 11).toWellFormed()}..${hash}}`;
}

/** The name of a group's global network in the model registry. */
export function networkModel(group: string): string {
  return `${PREFIX}${group}`;
}

/** The group whose global network has such a name; undefined for the name of another model. */
export function groupOfModel(name: string): string | undefined {
  return name.startsWith(PREFIX) && name.length > PREFIX.length ? name.slice(PREFIX.length) : undefined;
}
