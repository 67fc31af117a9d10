// Ed25519 of the browser's own WebCrypto.
import { fromHex, joined, toHex, type Bytes } from "./bytes";

const algorithm = { name: "Ed25519" };
/** What stands before the 32 bytes of a seed in PKCS #8 (RFC 8410). */
const before = fromHex("302e020100300506032b657004220420");

export async function signatureHolds(key: string, signature: string, statement: Bytes): Promise<boolean> {
  const imported = await crypto.subtle.importKey("raw", fromHex(key), algorithm, false, ["verify"]);
  return crypto.subtle.verify(algorithm, imported, fromHex(signature), statement);
}

/** A key that signs; one that is not extractable can be used here but never read again. */
export function signingKey(seed: Bytes, extractable = false): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", joined(before, seed), algorithm, extractable, ["sign"]);
}

export async function sign(key: CryptoKey, statement: Bytes): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.sign(algorithm, key, statement)));
}

/** The public key of a seed, in hex. */
export async function publicKeyOf(seed: Bytes): Promise<string> {
  const { x } = await crypto.subtle.exportKey("jwk", await signingKey(seed, true));
  const text = (x ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return toHex(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
}

/** Whether this browser knows Ed25519: those of 2025 and later do. */
export async function hasEd25519(): Promise<boolean> {
  try {
    await signingKey(new Uint8Array(32));
    return true;
  } catch {
    return false;
  }
}
