/**
 * The design's colours, as a canvas needs them: worked out by the browser from the tokens and the present theme.
 *
 * @module
 */

/** @type {Map<string, string>} by token; emptied when the theme changes */
const known = new Map();
addEventListener("theme", () => known.clear(), { capture: true });

/** The present colour of a token, such as `line`. @param {string} token */
export function colour(token) {
  const before = known.get(token);
  if (before !== undefined) return before;
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const now = getComputedStyle(probe).color;
  probe.remove();
  known.set(token, now);
  return now;
}
