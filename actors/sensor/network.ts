/**
 * A sensor's own neural network in its state: how it begins, learns, and comes back to the one that its group shares.
 *
 * @module
 */
import { hashText } from "../../models/hash.ts";
import { calibrate } from "../../models/surprise/calibration.ts";
import type { SensorActor } from "./actor.ts";
import { place } from "./judge.ts";
import { CALIBRATED, HEADER, JUDGEMENT } from "./layout.ts";
import type { JudgePlan } from "./plan.ts";

/** Error at which half of the scale of its calibration is reached; usual is about 1. */
const ERROR_SCALE = 4;
/** Beyond the usual, an error is as rare as this power of it: a prior belief. */
const ERROR_TAIL = -3;

/**
 * Scores a reading by the network, then learns it.
 *
 * @param row features of the reading, from `at` on: see `models/forest_features.ts`
 * @returns the calibrated score, 0..1; NaN while the network has seen too little
 */
export function followNetwork(actor: SensorActor, judge: JudgePlan, row: Float64Array, at: number): number {
  const { network, networkAt, networkFloatsAt } = judge, { state, floats } = actor;
  if (!network) return NaN;
  meetGlobal(actor, judge, row, at);
  const warm = network.warm(state, networkAt);
  const error = network.step(floats, networkFloatsAt, state, networkAt, row, at, true);
  if (!warm) return NaN;
  const prior = error <= 1 ? 1 : error ** ERROR_TAIL;
  return calibrate(floats, place(CALIBRATED.network), error / (error + ERROR_SCALE), prior);
}

/** Begins the network, and after a round brings it back to the one of its group by a share. */
function meetGlobal(actor: SensorActor, judge: JudgePlan, row: Float64Array, at: number): void {
  const { network, networkAt, networkFloatsAt, alpha } = judge, { state, floats, plan, global } = actor;
  if (!network) return;
  const own = plan.judgementAt, fits = global?.weights.length === network.weights ? global : undefined;
  if (state[own + JUDGEMENT.networkBegun] === 0) {
    state[own + JUDGEMENT.networkBegun] = 1;
    if (fits) network.beginFrom(floats, networkFloatsAt, state, networkAt, fits.weights);
    else network.begin(floats, networkFloatsAt, state, networkAt, hashText(plan.group));
  } else if (
    fits && fits.version !== state[own + JUDGEMENT.globalVersion] && network.takesPart(state, networkAt)
  ) {
    // This reading is in neither: local against global on what neither has learnt.
    const global = network.validate(fits.weights, 0, floats, networkFloatsAt, state, networkAt, row, at);
    const local = network.validate(floats, networkFloatsAt, floats, networkFloatsAt, state, networkAt, row, at);
    const says = global === global && local === local;
    state[own + JUDGEMENT.validated] = says ? fits.version : 0;
    state[own + JUDGEMENT.globalLoss] = says ? global : 0;
    state[own + JUDGEMENT.localLoss] = says ? local : 0;
    network.blend(floats, networkFloatsAt, state, networkAt, fits.weights, alpha);
  } else return; // one that has learnt little since it last came back keeps to itself until it has
  if (fits) state[own + JUDGEMENT.globalVersion] = fits.version;
}

/** What a sensor brings to a round. */
export interface LocalNetwork {
  readonly sensor: string;
  readonly group: string;
  /** Readings learnt since the last round, 1 or more. */
  readonly readings: number;
  readonly loss: number;
  readonly weights: Float32Array;
  /** The version of the global network that it was last compared with, and both losses on a reading that neither had seen. */
  readonly validated?: { readonly version: number; readonly global: number; readonly local: number };
}

/**
 * What the sensor brings to a round, without changing it; undefined if it has learnt too little since the last one, or has
 * had no reading since `from` (epoch ms).
 */
export function localNetwork(actor: SensorActor, from: number): LocalNetwork | undefined {
  const { state, floats, plan, name } = actor, { judge } = plan;
  if (!judge?.network || state[HEADER.greatest] < from) return undefined;
  const { network, networkAt, networkFloatsAt } = judge, own = plan.judgementAt;
  const readings = network.learnt(state, networkAt), version = state[own + JUDGEMENT.validated];
  if (state[own + JUDGEMENT.networkBegun] === 0 || !network.takesPart(state, networkAt)) return undefined;
  return {
    sensor: name,
    group: plan.group,
    readings,
    loss: network.loss(state, networkAt),
    weights: floats.slice(networkFloatsAt + network.weightsAt, networkFloatsAt + network.weightsAt + network.weights),
    ...(version > 0
      ? {
        validated: { version, global: state[own + JUDGEMENT.globalLoss], local: state[own + JUDGEMENT.localLoss] },
      }
      : {}),
  };
}
