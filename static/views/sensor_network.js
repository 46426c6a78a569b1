/**
 * How the network of one sensor learns: its own loss by round of the group that it learns with.
 *
 * @module
 * @import { Stage } from "../main.js"
 */
import { Figure } from "../charts/figure.js";
import * as api from "../core/api.js";
import { figurePanel } from "./screen.js";

/** Rounds that are looked at. */
const ROUNDS = 200;
/** It is asked for so often: rounds are minutes apart, ms. */
const EVERY_MS = 60_000;

/** The figure. @param {Stage} stage @param {string} name */
export function sensorNetwork({ model, signal }, name) {
  const title = "Loss of its network by round";
  const figure = new Figure({ title, kind: "lines", x: "time", time: true, log: true }, signal);

  async function load() {
    const type = model.sensors.get(name)?.type;
    const groups = (await api.groups(signal))?.map(({ group }) => group) ?? [];
    const group = groups.find((one) => one === type || one.endsWith(`/${type}`));
    const rounds = group === undefined ? [] : await api.rounds({ group, limit: ROUNDS }, signal);
    const own = rounds.toReversed().flatMap(({ time, loss, participants }) => {
      const one = participants.find(({ id }) => id === name);
      return one === undefined ? [] : [{ time, loss, own: one.loss }];
    });
    figure.show({
      x: own.map(({ time }) => time),
      series: [
        { name: "its own", values: own.map((round) => round.own), tone: "ink" },
        { name: "all of its group", values: own.map(({ loss }) => loss), tone: "rug" },
      ],
      said: group ?? "",
      none: "It has not learnt with others yet.",
    });
  }

  async function again() {
    try {
      if (!document.hidden) await load();
    } catch {
      // What is shown stays; the lamp tells that the server is away.
    }
    if (!signal.aborted) timer = setTimeout(again, EVERY_MS);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));
  again();
  return figurePanel(figure);
}
