// @vitest-environment node
// Against what a real chain of four peers gave out (src/testing/proof.json).
import { describe, expect, it } from "vitest";
import recorded from "../testing/proof.json";
import { bigEndian64, fromBase64, fromHex, sha256, toHex } from "./bytes";
import { hashOfMembers, leadsToRoot, quorumOf, readHeader, verifyTransaction, type Anchor, type BlockProof, type ListProof, type TransactionProof } from "./proof";

const found = recorded.found as unknown as TransactionProof;
const block = recorded.block as unknown as BlockProof;
const anchor: Anchor = { genesis: block.genesis, members: recorded.members };
const copy = <T>(value: T): T => structuredClone(value);
/** The same text with another last digit. */
const turned = (hex: string) => hex.slice(0, -1) + (hex.endsWith("0") ? "1" : "0");

describe("a transaction's proof", () => {
  it("holds as the chain gave it", async () => {
    const verdict = await verifyTransaction(found, block, anchor);
    expect(verdict).toMatchObject({ failed: null, needed: 3, signaturesChecked: true });
    expect(verdict.passed).toEqual(["leaf", "transaction", "receipt", "chain", "quorum"]);
    expect(verdict.signed).toBeGreaterThanOrEqual(3);
  });
  it("fails where the bytes are others", async () => {
    const other = copy(found);
    const bytes = fromBase64(other.transaction.bytes);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    other.transaction.bytes = btoa(String.fromCharCode(...bytes));
    expect((await verifyTransaction(other, block, anchor)).failed).toBe("leaf");
  });
  it("fails where a step of the path is another", async () => {
    const other = copy(found);
    if (other.proof.path[0]) other.proof.path[0] = turned(other.proof.path[0]);
    else other.proof.path = [turned(other.proof.root)];
    expect((await verifyTransaction(other, block, anchor)).failed).toBe("transaction");
  });
  it("fails where the receipt is another", async () => {
    const other = copy(found);
    other.receipt_bytes = btoa("no receipt");
    expect((await verifyTransaction(other, block, anchor)).failed).toBe("receipt");
  });
  it("fails for another chain", async () => {
    expect((await verifyTransaction(found, block, { ...anchor, genesis: turned(anchor.genesis) })).failed).toBe("chain");
  });
  it("fails with too few signatures, and with the same one several times", async () => {
    const few = copy(block);
    const [first, second] = few.certificate.endorsements;
    few.certificate.endorsements = [first!, second!, second!, second!];
    expect(await verifyTransaction(found, few, anchor)).toMatchObject({ failed: "quorum", signed: 2 });
  });
  it("fails with a signature of somebody else", async () => {
    const other = copy(block);
    for (const each of other.certificate.endorsements) each.signature = turned(each.signature);
    expect(await verifyTransaction(found, other, anchor)).toMatchObject({ failed: "quorum", signed: 0 });
  });
});

describe("its parts", () => {
  it("reads a header's fields where the format has them", () => {
    const header = readHeader(found.block.header_bytes);
    expect(header).toMatchObject({ genesis: block.genesis, height: block.height, epoch: 0 });
    expect(() => readHeader("00")).toThrow();
  });
  it("hashes members as headers do", async () => {
    expect(await hashOfMembers(recorded.members)).toBe(readHeader(found.block.header_bytes).nextMembers);
  });
  it("counts quorums as the chain does", () => {
    expect([4, 5, 6, 7, 10, 13].map(quorumOf)).toEqual([3, 4, 4, 5, 7, 9]);
  });
  it("writes integers with the highest byte first", () => {
    expect(toHex(bigEndian64(258))).toBe("0000000000000102");
    expect(() => fromHex("0g")).toThrow();
  });
  it("walks RFC 6962 paths of every size", async () => {
    const leafHash = (content: Uint8Array) => sha256(Uint8Array.of(0), content);
    const rootOf = async (hashes: Uint8Array[]): Promise<Uint8Array> => {
      if (hashes.length === 1) return hashes[0]!;
      let split = 1;
      while (split * 2 < hashes.length) split *= 2;
      return sha256(Uint8Array.of(1), await rootOf(hashes.slice(0, split)), await rootOf(hashes.slice(split)));
    };
    const pathOf = async (hashes: Uint8Array[], index: number): Promise<Uint8Array[]> => {
      if (hashes.length === 1) return [];
      let split = 1;
      while (split * 2 < hashes.length) split *= 2;
      const left = hashes.slice(0, split);
      const right = hashes.slice(split);
      return index < split ? [...(await pathOf(left, index)), await rootOf(right)] : [...(await pathOf(right, index - split)), await rootOf(left)];
    };
    for (let size = 1; size <= 9; ++size) {
      const contents = Array.from({ length: size }, (_, at) => Uint8Array.of(at, size));
      const hashes = await Promise.all(contents.map(leafHash));
      const root = toHex(await rootOf(hashes));
      for (let index = 0; index < size; ++index) {
        const path = (await pathOf(hashes, index)).map(toHex);
        const proof: ListProof = { leaf: "", index, size, path, root };
        expect(await leadsToRoot(contents[index]!, proof, root)).toBe(true);
        if (size > 1) expect(await leadsToRoot(contents[(index + 1) % size]!, proof, root)).toBe(false);
        expect(await leadsToRoot(contents[index]!, { ...proof, path: [...path, root] }, root)).toBe(false);
      }
    }
  });
});
