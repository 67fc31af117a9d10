// @vitest-environment node
// Against a tree and four members of this test's own; web/e2e checks what a real chain gives out.
import { beforeAll, describe, expect, it } from "vitest";
import { bigEndian64, fromHex, joined, sha256, toHex, type Bytes } from "./bytes";
import { publicKeyOf, sign, signingKey } from "./ed25519";
import { hashOfMembers, keyOfAccount, leadsToState, verifyBalance, type Anchor, type BalanceProof, type BlockProof, type MemberKeys } from "./proof";

const account = "participant/Resident:home-01/CO";
const nothing = new Uint8Array(32);
const leaf = async (key: Bytes, value: Bytes) => sha256(Uint8Array.of(0), await sha256(key), await sha256(value));
const inner = (left: Bytes, right: Bytes) => sha256(Uint8Array.of(1), left, right);
const bitOf = (hash: Bytes, depth: number) => (hash[depth >> 3]! >> (7 - (depth & 7))) & 1;

/** The root of the compact sparse tree over these records, and the siblings of the first (ADR 0003). */
async function treeOf(records: [Bytes, Bytes][]): Promise<{ root: Bytes; siblings: Bytes[] }> {
  const hashed = await Promise.all(records.map(async ([key, value]) => ({ place: await sha256(key), hash: await leaf(key, value) })));
  const first = hashed[0]!.place;
  const walk = async (part: typeof hashed, depth: number): Promise<Bytes> => {
    if (part.length === 0) return nothing;
    if (part.length === 1) return part[0]!.hash;
    const [left, right] = await Promise.all([0, 1].map((side) => walk(part.filter(({ place }) => bitOf(place, depth) === side), depth + 1)));
    return inner(left!, right!);
  };
  const siblings: Bytes[] = [];
  let part = hashed;
  for (let depth = 0; part.length > 1; ++depth) {
    const side = bitOf(first, depth);
    siblings.push(await walk(part.filter(({ place }) => bitOf(place, depth) !== side), depth + 1));
    part = part.filter(({ place }) => bitOf(place, depth) === side);
  }
  return { root: await walk(hashed, 0), siblings };
}

let found: BalanceProof;
let block: BlockProof;
let anchor: Anchor;
const copy = <T>(value: T): T => structuredClone(value);

beforeAll(async () => {
  const genesis = "ab".repeat(32);
  const seeds = [1, 2, 3, 4].map((each) => new Uint8Array(32).fill(each));
  const members: MemberKeys[] = await Promise.all(
    seeds.map(async (seed, at) => ({ peer: `p${at}`, consensus_key: await publicKeyOf(seed), gateway_key: "00".repeat(32), transport_key: "00".repeat(32) })),
  );
  const key = keyOfAccount(account)!;
  const value = bigEndian64(998_300_123_456);
  const others = Array.from({ length: 40 }, (_, at): [Bytes, Bytes] => [Uint8Array.of(0x20, at), bigEndian64(at)]);
  const { root, siblings } = await treeOf([[key, value], ...others]);
  const header = joined(Uint8Array.of(1), fromHex(genesis), bigEndian64(0), bigEndian64(7), bigEndian64(7), bigEndian64(1), nothing, nothing, nothing, nothing, root, fromHex(await hashOfMembers(members)));
  const statement = joined(new TextEncoder().encode("powershare/block/1"), fromHex(genesis), bigEndian64(0), bigEndian64(7), await sha256(header));
  const endorsements = await Promise.all([0, 1, 3].map(async (signer) => ({ signer, signature: await sign(await signingKey(seeds[signer]!), statement) })));
  found = { account, balance: "998.300123456", height: 7, header_bytes: toHex(header), key: toHex(key), value: toHex(value), siblings: siblings.map(toHex) };
  block = { genesis, height: 7, hash: toHex(await sha256(header)), epochs: [], headers: [toHex(header)], certificate: { endorsements } };
  anchor = { genesis, members };
});

describe("a balance's proof", () => {
  it("holds where a quorum has signed the state that has it", async () => {
    const verdict = await verifyBalance(account, found, block, anchor);
    expect(verdict).toMatchObject({ failed: null, signed: 3, needed: 3 });
    expect(verdict.passed).toEqual(["account", "state", "chain", "quorum"]);
    expect(found.siblings.length).toBeGreaterThan(3);
  });
  it("fails for another balance, said or recorded", async () => {
    expect((await verifyBalance(account, { ...copy(found), balance: "998.300123457" }, block, anchor)).failed).toBe("account");
    const other = { ...copy(found), balance: "1", value: toHex(bigEndian64(1_000_000_000)) };
    expect((await verifyBalance(account, other, block, anchor)).failed).toBe("state");
  });
  it("fails for another account, whatever the peer calls it", async () => {
    expect((await verifyBalance("participant/Resident:home-02/CO", found, block, anchor)).failed).toBe("account");
  });
  it("fails where a sibling is another or is missing", async () => {
    const other = copy(found);
    other.siblings[1] = "77".repeat(32);
    expect((await verifyBalance(account, other, block, anchor)).failed).toBe("state");
    expect((await verifyBalance(account, { ...found, siblings: found.siblings.slice(1) }, block, anchor)).failed).toBe("state");
    expect((await verifyBalance(account, { ...found, siblings: Array<string>(257).fill("00".repeat(32)) }, block, anchor)).failed).toBe("state");
  });
  it("fails with two signatures of four", async () => {
    const few = copy(block);
    few.certificate.endorsements.pop();
    expect(await verifyBalance(account, found, few, anchor)).toMatchObject({ failed: "quorum", signed: 2 });
  });
});

describe("its parts", () => {
  it("write the keys of accounts as the ledger does", () => {
    expect(toHex(keyOfAccount("participant/Resident:H01/CO")!)).toBe("200101" + "48303100" + "00" + "434f00");
    expect(toHex(keyOfAccount("participant/Bank:B1/mine/CA:EUR")!)).toBe("200103" + "423100" + "6d696e6500" + "43413a45555200");
    for (const other of ["bank_issue/CO", "participant/home/CO", "claim/Resident:a/u/due"]) expect(keyOfAccount(other)).toBeNull();
  });
  it("walk trees of every shape", async () => {
    for (let size = 1; size <= 12; ++size) {
      const records = Array.from({ length: size }, (_, at): [Bytes, Bytes] => [Uint8Array.of(at, size), Uint8Array.of(at)]);
      const { root, siblings } = await treeOf(records);
      const hexes = siblings.map(toHex);
      expect(await leadsToState(records[0]![0], records[0]![1], hexes, toHex(root))).toBe(true);
      expect(await leadsToState(records[0]![0], Uint8Array.of(99), hexes, toHex(root))).toBe(false);
    }
  });
});
