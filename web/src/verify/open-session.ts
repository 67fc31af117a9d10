// The one transaction that an own key signs, written by this browser itself (protocol/transaction.proto):
// no peer chooses the bytes, so none can have anything else signed.
import { fromHex, joined, type Bytes } from "./bytes";

const text = new TextEncoder();
const types: Record<string, number> = { Resident: 1, ElectricVehicle: 2, Bank: 3, UtilityCompany: 4 };

function varint(value: number): Bytes {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Uint8Array.of(...bytes, value);
}
const field = (number: number, content: Bytes) => joined(varint(number * 8 + 2), varint(content.length), content);
function fixed64(number: number, value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return joined(varint(number * 8 + 1), bytes);
}

export interface OpenSession {
  genesis: string;
  participant: string; // "Resident:home-01"
  once: string; // idempotency key
  session: string;
  refresh: string;
  expiresMs: number;
  refreshExpiresMs: number;
}

export interface Statement {
  body: Bytes;
  /** What is signed: the domain, the chain and the body. */
  statement: Bytes;
}

export function openSessionStatement(open: OpenSession): Statement {
  const colon = open.participant.indexOf(":");
  const type = types[open.participant.slice(0, colon)];
  if (type === undefined) throw new Error("no participant: " + open.participant);
  const participant = joined(varint(8), varint(type), field(2, text.encode(open.participant.slice(colon + 1))));
  const payload = joined(
    field(1, participant),
    field(2, fromHex(open.session)),
    field(3, fromHex(open.refresh)),
    fixed64(4, open.expiresMs),
    fixed64(5, open.refreshExpiresMs),
  );
  const body = joined(
    field(1, fromHex(open.genesis)),
    field(2, text.encode(open.participant)),
    field(3, text.encode(open.once)),
    fixed64(4, open.expiresMs),
    field(48, payload),
  );
  return { body, statement: joined(text.encode("powershare/transaction/1"), fromHex(open.genesis), body) };
}
