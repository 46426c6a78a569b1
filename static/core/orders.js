/**
 * What people order: of alerts, of sensors, of models. Each is answered when it is done, or refused with a sentence.
 *
 * @module
 * @import { AlertView } from "../../actors/views.ts"
 */
import { ApiError, sensorPath, tell } from "./api.js";

/**
 * Changes which version of a model is in use.
 *
 * @param {string} name @param {"pin" | "unpin" | "rollback"} verb @param {number} [version]
 */
export async function changeModel(name, verb, version) {
  await tell(`/models/${encodeURIComponent(name)}/${verb}`, version === undefined ? {} : { version });
}

/** Says whether an alert was about an anomaly. @param {string} alert its id @param {0 | 1} label */
export async function labelAlert(alert, label) {
  await tell("/labels", { alert, label });
}

/** Says that somebody has seen an alert. @param {string} alert its id */
export async function acknowledge(alert) {
  await command(`/alerts/${encodeURIComponent(alert)}/acknowledge`, {});
}

/** Sets an alert's condition aside for a time. @param {AlertView} alert @param {number} forMs */
export async function shelve({ sensor, condition, channel }, forMs) {
  await command(`${sensorPath(sensor)}/shelve`, { condition, channel, for_ms: forMs });
}

/** Takes an alert's condition back. @param {AlertView} alert */
export async function unshelve({ sensor, condition, channel }) {
  await command(`${sensorPath(sensor)}/unshelve`, { condition, channel });
}

/** Gives a sensor a name beside its id; an empty one takes it back. @param {string} sensor its id @param {string} name */
export async function rename(sensor, name) {
  await command(`${sensorPath(sensor)}/rename`, { name });
}

/** @param {string} path @param {unknown} body */
async function command(path, body) {
  try {
    await tell(path, body);
  } catch (error) {
    const none = error instanceof ApiError && error.status === 404;
    throw none ? new ApiError("It was not found here, or this instance takes no commands.", 404) : error;
  }
}
