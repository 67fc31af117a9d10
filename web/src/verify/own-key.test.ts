// @vitest-environment node
import { describe, expect, it } from "vitest";
import { fromBase64, fromHex, toHex } from "./bytes";
import { hasEd25519, publicKeyOf, sign, signatureHolds, signingKey } from "./ed25519";
import { openSessionStatement } from "./open-session";

const open = {
  genesis: "41aaa5369af0d29b75810a4ebd19f7c45699d82f088ab5ab1ae974dd516e35a7",
  participant: "Resident:home-01",
  once: "0123456789abcdef",
  session: "11".repeat(32),
  refresh: "22".repeat(32),
  expiresMs: Date.parse("2026-11-30T23:18:00Z"),
  refreshExpiresMs: Date.parse("2026-12-01T23:05:00Z"),
};

describe("OpenSession", () => {
  it("has the very bytes that a peer's POST /v1/transactions/prepare gave for it", () => {
    const { body, statement } = openSessionStatement(open);
    expect(toHex(body)).toBe(
      toHex(
        fromBase64(
          "CiBBqqU2mvDSm3WBCk69GffEVpnYLwiKtasa6XTdUW41pxIQUmVzaWRlbnQ6aG9tZS0wMRoQMDEyMzQ1Njc4OWFiY2RlZiFAPMAuogEAAIIDYwoLCAESB2hvbWUtMDESIBERERERERERERERERERERERERERERERERERERERERERGiAiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiFAPMAuogEAAClgsdozogEAAA==",
        ),
      ),
    );
    expect(new TextDecoder().decode(statement.slice(0, 24))).toBe("powershare/transaction/1");
    expect(toHex(statement.slice(24, 56))).toBe(open.genesis);
    expect(toHex(statement.slice(56))).toBe(toHex(body));
  });
  it("has long fields and no unknown participant", () => {
    const { body } = openSessionStatement({ ...open, participant: "Resident:" + "x".repeat(128) });
    expect(body.length).toBeGreaterThan(400);
    expect(() => openSessionStatement({ ...open, participant: "Nobody:x" })).toThrow();
  });
});

describe("Ed25519", () => {
  // RFC 8032, 7.1, test 1.
  const seed = fromHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  it("derives and signs as RFC 8032 does", async () => {
    expect(await hasEd25519()).toBe(true);
    expect(await publicKeyOf(seed)).toBe(key);
    const signature = await sign(await signingKey(seed), new Uint8Array(0));
    expect(signature).toBe("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    expect(await signatureHolds(key, signature, new Uint8Array(0))).toBe(true);
    expect(await signatureHolds(key, signature, new Uint8Array(1))).toBe(false);
  });
  it("keeps a key that cannot be read again", async () => {
    await expect(crypto.subtle.exportKey("pkcs8", await signingKey(seed))).rejects.toThrow();
  });
});
