// A transaction in one line: who and what, for people.
import type { Transaction } from "../api/operator";
import { idOf } from "../api/operator";
import type { Formatter } from "../lib/format";

const whoFields = ["seller", "buyer", "coins_from", "coins_to", "from", "to", "resident", "participant", "owner"];

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** The participants that take part, the giving one first. */
export function whoOf(transaction: Transaction): string[] {
  const payload = transaction.payload ?? {};
  const found: string[] = [];
  for (const field of whoFields) {
    const value = payload[field];
    if (typeof value === "string" && value.includes(":")) found.push(value);
    else if (field === "participant" && value && typeof value === "object") {
      const { type, id } = value as { type?: string; id?: string };
      if (type && id) found.push(`${type}:${id}`);
    }
  }
  return [...new Set(found)];
}

export function whatOf(transaction: Transaction, f: Formatter): string {
  const payload = transaction.payload ?? {};
  const parts: string[] = [];
  const take = (field: string, show: (value: string) => string) => {
    const value = text(payload[field]);
    if (value !== null) parts.push(show(value));
  };
  const currency = text(payload.currency);
  take("energy_kwh", (value) => f.kwh(value, 3));
  take("energy_rate", f.price);
  take("amount_coins", (value) => f.coins(value));
  take("cash", (value) => (currency && /^[A-Z]{3}$/.test(currency) ? f.cash(value, currency) : f.number(value)));
  take("limit", f.price);
  take("asset", (value) => value);
  take("balance", (value) => f.number(value));
  take("meter", (value) => value);
  take("standing", (value) => value);
  if (transaction.type === "SetParameter") take("name", (value) => `${value} = ${text(payload.value) ?? ""}`);
  if (Array.isArray(payload.readings)) parts.push(String(payload.readings.length));
  return parts.join(" · ");
}

export function shortRefs(refs: string[]): string {
  return refs.map(idOf).join(" → ");
}
