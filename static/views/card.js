/**
 * One sensor's card: name, state, present values, and the chart of one channel.
 *
 * @module
 * @import { ChannelView, ReadingView, SensorView } from "../../actors/views.ts"
 * @import { Model } from "../core/model.js"
 */
import { ChannelChart } from "../charts/channel_chart.js";
import { History } from "../charts/history.js";
import { anomaliesOf } from "../charts/overlays.js";
import { forget, redraw } from "../charts/schedule.js";
import { h, put, say } from "../core/dom.js";
import { bounds, number } from "../core/format.js";
import { sensorHref } from "../core/router.js";
import { oddMark, priorityBadge, stateBadge } from "../core/shapes.js";

/** A history that is behind is loaded again so often at most, ms. */
const AGAIN_MS = 3_000;

/** A card; its chart lives only while it is on the screen. */
export class Card {
  /** @type {HTMLElement} */
  element;
  #sensor;
  #model;
  #signal;
  #rangeMs = 0;
  /** @type {History | undefined} */
  #history;
  /** @type {ChannelChart | undefined} */
  #chart;
  #visible = false;
  #loadedAt = 0;
  #state = h("span", { class: "card-state" });
  #values = h("p", { class: "card-values" });
  #plot = h("div", { class: "plot" });
  #link = h("a", { class: "name" });
  #anomalies = "";
  #foot = h("p", { class: "card-foot muted" });

  /** @param {SensorView} sensor @param {Model} model @param {AbortSignal} signal of the view */
  constructor(sensor, model, signal) {
    this.#sensor = sensor;
    this.#model = model;
    this.#signal = signal;
    this.#link.setAttribute("href", sensorHref(sensor.sensor));
    this.#link.setAttribute("title", sensor.sensor);
    this.element = h(
      "article",
      { class: "card", "data-sensor": sensor.sensor },
      h("h4", {}, this.#link),
      this.#state,
      this.#values,
      this.#plot,
      this.#foot,
    );
  }

  /** Takes newer figures. @param {SensorView} sensor @param {number} rangeMs */
  update(sensor, rangeMs) {
    this.#sensor = sensor;
    this.#label();
    if (rangeMs !== this.#rangeMs) {
      this.#rangeMs = rangeMs;
      this.#history = undefined;
      if (this.#visible) this.#load();
    }
    this.#draw();
  }

  /** Alerts were raised or cleared, perhaps its own. */
  alerted() {
    this.#label();
    this.#draw();
  }

  /** It came onto the screen. */
  enter() {
    if (this.#visible) return;
    this.#visible = true;
    this.#load();
  }

  /** It left the screen. */
  exit() {
    this.#visible = false;
    forget(this);
    this.#chart?.destroy();
    this.#chart = undefined;
    this.#plot.replaceChildren();
    this.#history = undefined;
  }

  /** Catches up with the server. */
  refresh() {
    if (this.#visible) this.#load();
  }

  /** Takes the theme's colours. */
  paint() {
    this.#chart?.paint();
  }

  /** A live reading. @param {ReadingView} reading */
  read(reading) {
    const sensor = this.#model.sensors.get(reading.sensor);
    if (sensor) this.#sensor = sensor;
    this.#label();
    this.#history?.add(reading);
    this.#draw();
  }

  #load() {
    this.#loadedAt = Date.now();
    const history = this.#history ??= new History(this.#sensor.sensor, this.#rangeMs);
    history.load(this.#now(), this.#signal).then(() => {
      this.#plot.classList.remove("failed");
      this.#model.rhythm(history);
      this.#draw();
    }, (error) => {
      if (this.#signal.aborted || history !== this.#history || history.loaded) return;
      this.#plot.classList.add("failed");
      put(this.#plot, h("p", { class: "note" }, error instanceof Error ? error.message : "Not loaded."));
    });
  }

  #now() {
    return this.#model.now(this.#sensor.partition);
  }

  /** The channel that is wrong, else the first. @returns {ChannelView | undefined} */
  #channel() {
    const [alert] = this.#model.activeOf(this.#sensor.sensor);
    const { channels } = this.#sensor;
    return channels.find((channel) => channel.channel === alert?.channel) ?? channels[0];
  }

  #draw() {
    if (this.#visible) redraw(this);
  }

  /** Called by the schedule. */
  draw() {
    if (this.#history?.isBehind && Date.now() - this.#loadedAt > AGAIN_MS) this.#load();
    const channel = this.#channel();
    if (!this.#visible || !this.#history?.loaded || !channel) return;
    if (this.#chart && this.#plot.dataset.channel !== channel.channel) {
      this.#chart.destroy();
      this.#chart = undefined;
    }
    if (!this.#chart) {
      const canvas = h("canvas");
      put(this.#plot, canvas);
      this.#plot.dataset.channel = channel.channel;
      const label = `${channel.channel} of ${this.#sensor.sensor} over time; as a table in the sensor's own view`;
      this.#chart = new ChannelChart(canvas, { ...channel, label, compact: true });
    }
    const to = this.#now();
    const from = to - this.#rangeMs;
    const history = this.#history;
    history.follow(this.#model);
    const picture = history.picture(channel.channel, from);
    this.#chart.show(picture, history.alertsOf(channel.channel, from), from, to);
    this.#anomalies = anomaliesOf(picture);
    this.#label();
  }

  #label() {
    const sensor = this.#sensor;
    say(this.#link, sensor.name ?? sensor.sensor);
    const [alert] = this.#model.activeOf(sensor.sensor);
    const odd = sensor.state === "ok" && sensor.is_anomaly;
    const look = alert?.priority ?? (odd ? "odd" : sensor.state);
    if (this.#state.dataset.look !== look) {
      this.#state.dataset.look = look;
      this.element.dataset.look = look;
      if (alert) put(this.#state, priorityBadge(alert.priority));
      else if (odd) put(this.#state, h("span", { title: "the last reading was anomalous" }, oddMark()));
      else if (sensor.state !== "ok") put(this.#state, stateBadge(sensor.state));
      else put(this.#state);
    }
    const shown = this.#channel();
    if (shown) {
      // Only texts change from reading to reading; the elements stay.
      if (this.#values.childElementCount === 0) {
        put(this.#values, h("data"), h("span", { class: "unit" }), h("span", { class: "unit" }));
      }
      const [value, unit, others] = this.#values.children;
      value.setAttribute("value", String(shown.value));
      say(value, number(shown.value));
      say(unit, `${shown.unit ?? ""} ${shown.channel}`.trim());
      const more = sensor.channels.length - 1;
      say(others, more === 0 ? "" : `+ ${more} more`);
    }
    const foot = sensor.warmup_left > 0
      ? `${sensor.warmup_left} readings until every rule speaks`
      : shown
      ? footOf(shown, this.#anomalies)
      : "";
    say(this.#foot, foot);
    if (this.#foot.title !== foot) this.#foot.title = foot; // a narrow card shows its beginning
  }
}

/** @param {ChannelView} channel @param {string} anomalies */
function footOf({ low, high }, anomalies) {
  const limits = bounds(low, high);
  return [anomalies, limits === "" ? "no limits" : `limits ${limits}`].filter(Boolean).join(" · ");
}
