/**
 * The style sheet of the reference page: grey, one column, light and dark as the reader's system is.
 *
 * @module
 */

/** The style sheet, whole. */
export const DOCS_STYLE = `:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem;
  color: light-dark(#222, #ddd); background: light-dark(#f4f4f4, #1c1c1c); }
a { color: light-dark(#0b4f8a, #8ec3f5); }
nav { border-block: 1px solid #888; padding: .5rem 0; line-height: 2; }
nav a { margin-right: .75rem; }
article { background: light-dark(#fff, #262626); border: 1px solid light-dark(#ccc, #444); border-radius: 4px;
  margin: 1rem 0; padding: .25rem 1rem 1rem; overflow-x: auto; }
h3 { font-size: 1.1rem; }
.method { font-weight: 700; }
.scope { border: 1px solid #888; border-radius: 3px; font-size: .85rem; padding: 0 .35rem; white-space: nowrap; }
table { border-collapse: collapse; width: 100%; margin-top: .75rem; font-size: .9rem; }
caption { text-align: left; font-weight: 700; }
th, td { border-bottom: 1px solid light-dark(#ddd, #444); padding: .25rem .5rem .25rem 0; text-align: left;
  vertical-align: top; }
code { font-family: ui-monospace, monospace; }
:target { outline: 2px solid light-dark(#0b4f8a, #8ec3f5); }
`;
