// Checks in this browser that a transaction is part of the chain (docs/formats-blocks.md): the hash of its
// bytes, the RFC 6962 paths to the roots in its header, the headers up to a certified one, and the
// signatures of a quorum of the peers. Likewise a balance, by the path to the state root. What a peer says about itself is not believed.
import { bigEndian64, fromBase64, fromHex, joined, sha256, toHex, type Bytes } from "./bytes";
import { signatureHolds } from "./ed25519";

export interface ListProof {
  leaf: string;
  index: number;
  size: number;
  path: string[];
  root: string;
}
export interface TransactionProof {
  transaction: { id: string; bytes: string };
  receipt: unknown;
  block: { height: number; index: number; header_bytes: string };
  proof: ListProof;
  receipt_bytes: string;
  receipt_proof: ListProof;
}
interface HeaderProof {
  headers: string[];
  certificate: { endorsements: { signer: number; signature: string }[] };
}
export interface BlockProof extends HeaderProof {
  genesis: string;
  height: number;
  hash: string;
  epochs: (HeaderProof & { epoch: number; members: MemberKeys[] })[];
}
export interface MemberKeys {
  peer: string;
  consensus_key: string;
  gateway_key: string;
  transport_key: string;
}
/** What this browser believes from its first visit. */
export interface Anchor {
  genesis: string;
  members: MemberKeys[];
}
/** What GET /v1/accounts/proof?account= answers. */
export interface BalanceProof {
  account: string;
  balance: string;
  height: number;
  header_bytes: string;
  key: string;
  value: string;
  siblings: string[];
}
export type Step = "leaf" | "transaction" | "receipt" | "account" | "state" | "chain" | "quorum";
export interface Verdict {
  passed: Step[];
  failed: Step | null;
  signed: number;
  needed: number;
  /** False where the browser has no Ed25519. */
  signaturesChecked: boolean;
}

const headerBytes = 257;
const text = new TextEncoder();

/** q of n members (DECISIONS 3): ceil((n + f + 1) / 2) with f = floor((n - 1) / 3). */
export function quorumOf(members: number): number {
  const faulty = Math.floor((members - 1) / 3);
  return Math.ceil((members + faulty + 1) / 2);
}

interface Header {
  bytes: Bytes;
  genesis: string;
  epoch: number;
  height: number;
  previous: string;
  transactionsRoot: string;
  receiptsRoot: string;
  stateRoot: string;
  nextMembers: string;
}

export function readHeader(hex: string): Header {
  const bytes = fromHex(hex);
  if (bytes.length !== headerBytes || bytes[0] !== 1) throw new Error("no header of a known version");
  const view = new DataView(bytes.buffer);
  const digest = (at: number) => toHex(bytes.slice(at, at + 32));
  return {
    bytes,
    genesis: digest(1),
    epoch: Number(view.getBigUint64(33)),
    height: Number(view.getBigUint64(41)),
    previous: digest(65),
    transactionsRoot: digest(97),
    receiptsRoot: digest(129),
    stateRoot: digest(193),
    nextMembers: digest(225),
  };
}

const nodeHash = (left: Bytes, right: Bytes) => sha256(Uint8Array.of(1), left, right);

/** Whether `proof` leads from the leaf with these bytes to `root` (RFC 6962, 2.1.1). */
export async function leadsToRoot(content: Bytes, proof: ListProof, root: string): Promise<boolean> {
  if (proof.index < 0 || proof.index >= proof.size) return false;
  let hash = await sha256(Uint8Array.of(0), content);
  let index = proof.index;
  let last = proof.size - 1;
  for (const step of proof.path) {
    if (last === 0) return false;
    const sibling = fromHex(step);
    if (index % 2 === 1 || index === last) {
      hash = await nodeHash(sibling, hash);
      while (index % 2 === 0 && index !== 0) {
        index = Math.floor(index / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = await nodeHash(hash, sibling);
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && toHex(hash) === root;
}

/** Every header holds the hash of the one before. */
async function isChained(headers: Header[]): Promise<boolean> {
  for (let at = 1; at < headers.length; ++at) {
    const before = headers[at - 1]!;
    if (headers[at]!.previous !== toHex(await sha256(before.bytes)) || headers[at]!.height !== before.height + 1) return false;
  }
  return headers.length > 0;
}

async function countSigners(header: Header, proof: HeaderProof, members: MemberKeys[]): Promise<number> {
  const statement = joined(text.encode("powershare/block/1"), fromHex(header.genesis), bigEndian64(header.epoch), bigEndian64(header.height), await sha256(header.bytes));
  const signers = new Set<number>();
  for (const { signer, signature } of proof.certificate.endorsements) {
    const member = members[signer];
    if (member && (await signatureHolds(member.consensus_key, signature, statement))) signers.add(signer);
  }
  return signers.size;
}

/** The members' hash as headers hold it. */
export async function hashOfMembers(members: MemberKeys[]): Promise<string> {
  const parts: Bytes[] = [];
  const u32 = (value: number) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return bytes;
  };
  parts.push(u32(members.length));
  for (const { peer, consensus_key, gateway_key, transport_key } of members) {
    const name = text.encode(peer);
    parts.push(u32(name.length), name, fromHex(consensus_key), fromHex(gateway_key), fromHex(transport_key));
  }
  return toHex(await sha256(...parts));
}

async function membersAt(block: BlockProof, anchor: Anchor): Promise<MemberKeys[] | null> {
  let members = anchor.members;
  for (const link of block.epochs) {
    const headers = link.headers.map(readHeader);
    const first = headers[0];
    const last = headers.at(-1);
    if (!first || !last || !(await isChained(headers))) return null;
    if (headers.some((header) => header.genesis !== anchor.genesis)) return null;
    if (first.epoch !== link.epoch - 1 || first.nextMembers !== (await hashOfMembers(link.members))) return null;
    if ((await countSigners(last, link, members)) < quorumOf(members.length)) return null;
    members = link.members;
  }
  return members;
}

function beginVerdict(anchor: Anchor): { verdict: Verdict; step(name: Step, holds: boolean): boolean } {
  const verdict: Verdict = { passed: [], failed: null, signed: 0, needed: quorumOf(anchor.members.length), signaturesChecked: true };
  const step = (name: Step, holds: boolean) => {
    if (holds) verdict.passed.push(name);
    else verdict.failed = name;
    return holds;
  };
  return { verdict, step };
}

/** The steps from a header on: it leads to a certified one, which a quorum has signed. */
async function verifyHeader(header: Header, block: BlockProof, anchor: Anchor, verdict: Verdict, step: (name: Step, holds: boolean) => boolean): Promise<void> {
  const headers = block.headers.map(readHeader);
  const proven = headers[0];
  const sameBlock = proven !== undefined && toHex(proven.bytes) === toHex(header.bytes);
  const sameChain = headers.every((each) => each.genesis === anchor.genesis && each.epoch === proven?.epoch);
  if (!step("chain", sameBlock && sameChain && (await isChained(headers)))) return;
  try {
    const members = await membersAt(block, anchor);
    if (members) {
      verdict.needed = quorumOf(members.length);
      verdict.signed = await countSigners(headers.at(-1)!, block, members);
    }
    step("quorum", members !== null && verdict.signed >= verdict.needed);
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "NotSupportedError") throw error;
    verdict.signaturesChecked = false;
  }
}

export async function verifyTransaction(found: TransactionProof, block: BlockProof, anchor: Anchor): Promise<Verdict> {
  const { verdict, step } = beginVerdict(anchor);
  const content = fromBase64(found.transaction.bytes);
  if (!step("leaf", toHex(await sha256(content)) === found.transaction.id)) return verdict;
  const header = readHeader(found.block.header_bytes);
  if (!step("transaction", await leadsToRoot(content, found.proof, header.transactionsRoot))) return verdict;
  if (!step("receipt", await leadsToRoot(fromBase64(found.receipt_bytes), found.receipt_proof, header.receiptsRoot))) return verdict;
  await verifyHeader(header, block, anchor, verdict, step);
  return verdict;
}

const participantTypes: Record<string, number> = { Resident: 1, ElectricVehicle: 2, Bank: 3, UtilityCompany: 4 };

/** The key under which the state has a participant's account ("participant/Resident:H01/CO", with the
 * account's name before the asset where it has one); null for accounts of other classes. */
export function keyOfAccount(account: string): Bytes | null {
  const parts = account.split("/");
  const [kind, owner] = parts;
  if (kind !== "participant" || !owner || parts.length < 3) return null;
  const colon = owner.indexOf(":");
  const type = participantTypes[owner.slice(0, colon)];
  if (type === undefined) return null;
  const named = (content: string) => joined(text.encode(content), Uint8Array.of(0));
  return joined(Uint8Array.of(0x20, 1, type), named(owner.slice(colon + 1)), named(parts.slice(2, -1).join("/")), named(parts.at(-1)!));
}

/** Nano-units of a decimal text. */
function nanoOf(decimal: string): bigint {
  const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(decimal) ?? [];
  if (whole === undefined) throw new Error("no decimal number");
  return BigInt(sign + whole + part.padEnd(9, "0"));
}

/** Whether `siblings`, from the root down, lead from the record to the root of the sparse tree. */
export async function leadsToState(key: Bytes, value: Bytes, siblings: string[], root: string): Promise<boolean> {
  if (siblings.length > 256) return false;
  const place = await sha256(key);
  let hash = await sha256(Uint8Array.of(0), place, await sha256(value));
  for (let depth = siblings.length - 1; depth >= 0; --depth) {
    const sibling = fromHex(siblings[depth]!);
    const right = ((place[depth >> 3]! >> (7 - (depth & 7))) & 1) === 1;
    hash = right ? await nodeHash(sibling, hash) : await nodeHash(hash, sibling);
  }
  return toHex(hash) === root;
}

/** Whether the ledger holds what `found` says of the account that was asked for. */
export async function verifyBalance(account: string, found: BalanceProof, block: BlockProof, anchor: Anchor): Promise<Verdict> {
  const { verdict, step } = beginVerdict(anchor);
  const key = keyOfAccount(account);
  const value = fromHex(found.value);
  const sameAccount = key !== null && toHex(key) === found.key;
  const sameBalance = value.length === 8 && new DataView(value.buffer).getBigInt64(0) === nanoOf(found.balance);
  if (!step("account", sameAccount && sameBalance)) return verdict;
  const header = readHeader(found.header_bytes);
  if (!step("state", await leadsToState(key!, value, found.siblings, header.stateRoot))) return verdict;
  await verifyHeader(header, block, anchor, verdict, step);
  return verdict;
}
