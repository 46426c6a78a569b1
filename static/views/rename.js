/**
 * The name by which a sensor is shown: a button beside it, a field in its place while it is being changed.
 *
 * @module
 * @import { Stage } from "../main.js"
 */
import { h, put, say } from "../core/dom.js";
import { rename } from "../core/orders.js";

/** Characters that a name may have. */
const NAME_LENGTH = 128;

/**
 * The button and its field.
 *
 * @param {Stage} stage
 * @param {string} sensor its id
 * @param {() => Promise<void>} done shows what has become of it
 */
export function renaming({ model }, sensor, done) {
  const said = h("span", { class: "muted", role: "status" });
  const open = h("button", { type: "button", class: "small", id: "rename", onclick: edit }, "Rename");
  const element = h("p", { class: "rename" }, open, said);
  return element;

  function close() {
    put(element, open, said);
    open.focus();
  }

  function edit() {
    say(said, "");
    const name = model.sensors.get(sensor)?.name ?? "";
    const input = h("input", { name: "name", value: name, maxlength: NAME_LENGTH, placeholder: sensor });
    const form = h(
      "form",
      { onsubmit: save, onkeydown: (event) => /** @type {KeyboardEvent} */ (event).key === "Escape" && close() },
      h("label", {}, "Name", " ", input),
      h("button", { class: "small" }, "Save"),
      h("button", { type: "button", class: "small", onclick: close }, "Cancel"),
      said,
    );
    put(element, form, h("span", { class: "muted" }, `Its id stays ${sensor}; without a name it is shown by that.`));
    input.focus();
    input.select();

    /** @param {Event} event */
    async function save(event) {
      event.preventDefault();
      say(said, "Asking…");
      try {
        const given = input.value.trim();
        await rename(sensor, given);
        await done();
        close();
        say(said, given === "" || given === sensor ? "It is shown by its id." : "Renamed.");
      } catch (error) {
        say(said, error instanceof Error ? error.message : String(error));
      }
    }
  }
}
