/**
 * Parts of an address that are percent-encoded: its login, which stands before the `@`, and its path.
 *
 * @module
 */

/** Name and password of `user:password`, decoded; undefined for one that is not there, or is encoded wrongly. */
export function cutLogin(login: string): readonly [string | undefined, string | undefined] {
  const colon = login.indexOf(":");
  return colon < 0 ? [decoded(login), undefined] : [decoded(login.slice(0, colon)), decoded(login.slice(colon + 1))];
}

/** The text behind a part of an address; undefined for one that is encoded wrongly. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
