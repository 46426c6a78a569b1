/**
 * Signatures of webhooks as Standard Webhooks 1.0 has them: HMAC with SHA-256 over `id.timestamp.body`.
 *
 * Headers: `webhook-id` (the event's id: the same at every attempt, so that a receiver drops what comes twice),
 * `webhook-timestamp` (seconds since 1970 at this attempt) and `webhook-signature` (`v1,` and base64). A receiver refuses
 * a timestamp that is more than {@linkcode REPLAY_WINDOW_S} away from its own clock, and an id that it has had within that time.
 *
 * @module
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** How far a timestamp may be from the receiver's clock, seconds. */
export const REPLAY_WINDOW_S = 300;

/** Headers that carry a signature. */
export interface SignedHeaders {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

/**
 * Signs a body.
 *
 * @param secret `whsec_` and base64
 * @param now epoch ms
 */
export function sign(secret: string, id: string, body: string, now: number): SignedHeaders {
  const timestamp = String(Math.floor(now / 1000));
  return {
    "webhook-id": id, // names in it are percent-encoded: a header takes it as it is
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${digest(secret, id, timestamp, body)}`,
  };
}

/** Why a delivery is not to be trusted: one sentence; undefined if it is. What a receiver does, and our tests. */
export function signatureError(secret: string, headers: Headers, body: string, now: number): string | undefined {
  const id = headers.get("webhook-id"), timestamp = headers.get("webhook-timestamp");
  const given = headers.get("webhook-signature");
  if (id === null || timestamp === null || given === null) return "a webhook header is missing";
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now / 1000 - Number(timestamp)) > REPLAY_WINDOW_S) {
    return `the timestamp ${timestamp} is more than ${REPLAY_WINDOW_S} s away`;
  }
  const wanted = bytesOf(`v1,${digest(secret, id, timestamp, body)}`);
  // Several may be there while a secret is being changed.
  const fits = given.split(" ").map(bytesOf).some((one) =>
    one.length === wanted.length && timingSafeEqual(one, wanted)
  );
  return fits ? undefined : "the signature is not that of this body";
}

/** A new secret of 32 random bytes. */
export function makeSecret(random: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const bytes = new Uint8Array(32);
  random(bytes);
  return `whsec_${bytes.toBase64()}`;
}

function digest(secret: string, id: string, timestamp: string, body: string): string {
  const key = Uint8Array.fromBase64(secret.replace(/^whsec_/, ""));
  return createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
