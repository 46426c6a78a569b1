/**
 * A browser's session that has ended: the page goes to the form, and comes back to the view that was shown.
 *
 * @module
 */

/** Where the view waits for its reader, in this tab alone. */
const KEY = "sensorium-view";

/** Goes to the form of the instance. */
export function logIn() {
  try {
    sessionStorage.setItem(KEY, location.hash);
  } catch {
    // Without storage the page begins at the overview.
  }
  location.assign("/login");
}

/** Goes back to the view of before the login, if the address names none. */
export function comeBack() {
  try {
    const hash = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    if (hash && location.hash === "") history.replaceState(null, "", hash);
  } catch {
    // see above
  }
}
