/**
 * Files with certificates and keys, as settings name them.
 *
 * @module
 */
import { CommandError, UsageError } from "../process/errors.ts";

/** Paths of the files that a TLS connection is made with. */
export interface TlsPaths {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * What a PEM file holds.
 *
 * @throws {CommandError} if it cannot be read, or holds none
 */
export async function readPem(path: string): Promise<string> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new CommandError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  if (!text.includes("-----BEGIN ")) throw new CommandError(`${path} holds no PEM: -----BEGIN ... is missing`);
  return text;
}

/**
 * The texts of the files.
 *
 * @param prefix of their flags: `--kafka`
 * @throws {UsageError} if a certificate comes without its key, or the other way round
 * @throws {CommandError} if a file cannot be read
 */
export async function readTls(prefix: string, { ca, cert, key }: TlsPaths): Promise<TlsPaths> {
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError(`${prefix}-cert and ${prefix}-key go together`);
  }
  return {
    ...(ca === undefined ? {} : { ca: await readPem(ca) }),
    ...(cert === undefined ? {} : { cert: await readPem(cert) }),
    ...(key === undefined ? {} : { key: await readPem(key) }),
  };
}
