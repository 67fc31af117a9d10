// Acting by a key of one's own (docs/adr/0018): the browser draws it, signs with it and keeps it. A peer
// sees the session's keys only, which end by themselves.
import { ApiError, drawKey, peers, request } from "./http";
import { takeSession, type Session } from "./session";
import { readKept } from "../lib/storage";
import { keepOwnKey, type OwnKey } from "../lib/key-store";
import { fromHex, toHex, type Bytes } from "../verify/bytes";
import { publicKeyOf, sign, signingKey } from "../verify/ed25519";
import { openSessionStatement } from "../verify/open-session";
import type { Anchor } from "../verify/proof";

const minuteMs = 60_000;
const sessionMs = 13 * minuteMs; // the ledger allows 15 minutes of agreed time
const refreshMs = 29 * 24 * 60 * minuteMs; // and 30 days
const word = "power-share-key";

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const base64Url = (bytes: Uint8Array) => base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const drawSeed = (): Bytes => crypto.getRandomValues(new Uint8Array(32));

/** The line that is written down: whose key it is, and the key. */
export const backupOf = (participant: string, seed: Bytes) => `${word} ${participant} ${toHex(seed)}`;
export function readBackup(line: string): { participant: string; seed: Bytes } | null {
  const [first, participant, hex] = line.trim().split(/\s+/);
  if (first !== word || !participant || !/^(Resident|ElectricVehicle|Bank|UtilityCompany):\S+$/.test(participant)) return null;
  return hex && /^[0-9a-fA-F]{64}$/.test(hex) ? { participant, seed: fromHex(hex) } : null;
}

async function own(participant: string, seed: Bytes): Promise<OwnKey> {
  return { participant, publicKey: await publicKeyOf(seed), key: await signingKey(seed) };
}

/** Accepts an invitation with a new key; gives the line to keep, which nobody can give again. */
export async function acceptWithOwnKey(code: string): Promise<{ key: OwnKey; backup: string }> {
  const seed = drawSeed();
  const body = { code, public_key: await publicKeyOf(seed) };
  const { participant } = await request<{ participant: string }>(peers, "POST", "/etms/accept", { body });
  const key = await own(participant, seed);
  await keepOwnKey(key);
  return { key, backup: backupOf(participant, seed) };
}

/** Puts a key that was written down into this browser, once it has opened a session. */
export async function restoreOwnKey(line: string): Promise<void> {
  const found = readBackup(line);
  if (!found) throw new ApiError(0, "bad_key", "");
  const key = await own(found.participant, found.seed);
  await logInWith(key);
  await keepOwnKey(key);
}

async function genesisHash(): Promise<string> {
  const kept = readKept<Anchor>("anchor");
  if (kept) return kept.genesis;
  return (await request<{ genesis: string }>(peers, "GET", "/v1/blocks/1/certificate")).genesis;
}

async function openAt(nowMs: number, key: OwnKey, genesis: string): Promise<Session> {
  const [session, refresh] = [drawSeed(), drawSeed()];
  const open = {
    genesis,
    participant: key.participant,
    once: drawKey(),
    session: await publicKeyOf(session),
    refresh: await publicKeyOf(refresh),
    expiresMs: nowMs + sessionMs,
    refreshExpiresMs: nowMs + refreshMs,
  };
  const { body, statement } = openSessionStatement(open);
  const signed = { body: base64(body), public_key: key.publicKey, signature: await sign(key.key, statement) };
  const { block } = await request<{ block: { height: number } | null }>(peers, "POST", "/etms/sessions", { body: signed });
  if (!block) throw new ApiError(0, "unexpected", "");
  return {
    token: `ps1.${base64Url(session)}.${block.height}`,
    expires: new Date(open.expiresMs).toISOString(),
    refresh_token: `pr1.${base64Url(refresh)}.${block.height}`,
    refresh_expires: new Date(open.refreshExpiresMs).toISOString(),
    participant: key.participant,
  };
}

export async function logInWith(key: OwnKey): Promise<void> {
  const genesis = await genesisHash();
  try {
    takeSession(await openAt(Date.now(), key, genesis));
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 422 && error.status !== 400)) throw error;
    // This device's clock may be wrong; the chain's is what counts.
    const { block_time } = await request<{ block_time: string }>(peers, "GET", "/v1/parameters");
    takeSession(await openAt(Date.parse(block_time), key, genesis));
  }
}
