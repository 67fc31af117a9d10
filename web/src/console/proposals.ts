// What a change of rules, tariffs or peers comes to, before anybody signs it.
import type { Trade } from "../api/operator";
import { quorumOf } from "../verify/proof";

/** Names as `powershare governance parameter` takes them, with the field of GET /v1/parameters. */
export const changeable = [
  ["close_grace", "close_grace_ms", "duration"],
  ["final_after", "final_after_ms", "duration"],
  ["silent_meter", "silent_meter_ms", "duration"],
  ["future_reading", "future_reading_ms", "duration"],
  ["credit_limit", "credit_limit_coins", "amount"],
  ["clearing_rule", "clearing_rule", "rule"],
  ["gateway_daily_coins", "gateway_daily_coins", "amount"],
  ["gateway_daily_cash", "gateway_daily_cash", "amount"],
  ["signed_readings_only", "signed_readings_only", "switch"],
  ["plausibility", "plausibility", "plausibility"],
  ["origin", "origin", "onoff"],
  ["rewards", "rewards", "rewards"],
  ["gate_closure", "gate_closure_ms", "duration"],
  ["deviation_margin", "deviation_margin", "part"],
] as const;
export type ChangeableName = (typeof changeable)[number][0];
export type Kind = (typeof changeable)[number][2];

export const choices: Partial<Record<Kind, readonly string[]>> = {
  rule: ["pay_as_clear", "pay_as_bid", "mid_market", "thesis", "optimal", "french_static", "french_dynamic", "french_dynamic_simple", "french_full_dynamic", "flemish_fixed", "flemish_relative", "flemish_optimal", "nrgcoin"],
  switch: ["true", "false"],
  plausibility: ["off", "alarm", "quarantine"],
  onoff: ["on", "off"],
  rewards: ["none", "solarcoin", "nrgcoin", "solarcoin,nrgcoin"],
};

const unitsMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of "5m", "90s", "36h" or "2d"; null for other text. */
export function readDuration(text: string): number | null {
  const [, number, unit] = /^(\d{1,9})([smhd])$/.exec(text.trim()) ?? [];
  return number === undefined || unit === undefined ? null : Number(number) * (unitsMs[unit] ?? 0);
}

/** Whether the ledger would take the value; it checks again. */
export function isValue(kind: Kind, text: string): boolean {
  if (kind === "duration") return (readDuration(text) ?? Infinity) <= 400 * 86_400_000;
  if (kind === "part") return /^(0(\.\d{1,9})?|1(\.0{1,9})?)$/.test(text.trim());
  if (kind === "amount") return /^\d{1,10}(\.\d{1,9})?$/.test(text.trim());
  return choices[kind]?.includes(text) ?? false;
}

/** As a shell takes it: in quotes where it is more than a plain word. */
const word = (text: string) => (/^[\w./:@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export function commandOf(what: string[], peer: string): string {
  return ["powershare", "governance", ...what, "--key", "administrator.key", "--peer", peer].map(word).join(" ");
}

/** A SetShares from lines "Resident:A 0.5", or "Resident:A Resident:B 0.25" for a pair; null where one is wrong. */
export function readShares(text: string, from: string): string | null {
  const line = /^(\S+:\S+)(?:\s+(\S+:\S+))?\s+([01](?:\.\d{1,9})?)$/;
  const shares: { participant: string; share: string }[] = [];
  const pairs: { producer: string; consumer: string; share: string }[] = [];
  for (const each of text.split("\n").map((one) => one.trim())) {
    if (each === "") continue;
    const [, first, second, share] = line.exec(each) ?? [];
    if (first === undefined || share === undefined || Number(share) > 1 || first === second) return null;
    if (second === undefined) shares.push({ participant: first, share });
    else pairs.push({ producer: first, consumer: second, share });
  }
  const tooMuch = (parts: { share: string }[]) => parts.reduce((sum, { share }) => sum + Math.round(Number(share) * 1e9), 0) > 1e9;
  const order = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);
  shares.sort((left, right) => order(left.participant, right.participant));
  pairs.sort((left, right) => order(left.producer, right.producer) || order(left.consumer, right.consumer));
  const twice = shares.some(({ participant }, i) => i > 0 && shares[i - 1]?.participant === participant);
  const producers = [...new Set(pairs.map(({ producer }) => producer))];
  if (twice || tooMuch(shares) || producers.some((each) => tooMuch(pairs.filter(({ producer }) => producer === each)))) return null;
  if (shares.length + pairs.length === 0 || Number.isNaN(Date.parse(from))) return null;
  return JSON.stringify({ type: "SetShares", from, shares, pairs });
}

export interface Quorum {
  members: number;
  faulty: number;
  quorum: number;
}
export function quorumAt(members: number): Quorum {
  return { members, faulty: Math.floor((members - 1) / 3), quorum: quorumOf(members) };
}

export interface TariffEffect {
  fromUtility: number; // kWh
  toUtility: number; // kWh
  paidBefore: number; // coins
  paidAfter: number;
  earnedBefore: number;
  earnedAfter: number;
}

/** What these trades with the utility would have cost and earned the homes at other prices. */
export function tariffEffect(trades: readonly Trade[], utility: string, tariff: number, feedIn: number): TariffEffect {
  const effect: TariffEffect = { fromUtility: 0, toUtility: 0, paidBefore: 0, paidAfter: 0, earnedBefore: 0, earnedAfter: 0 };
  for (const trade of trades) {
    if (trade.venue !== "utility") continue;
    const energy = Number(trade.energy_kwh);
    if (trade.seller === utility) {
      effect.fromUtility += energy;
      effect.paidBefore += Number(trade.amount);
      effect.paidAfter += energy * tariff;
    } else if (trade.buyer === utility) {
      effect.toUtility += energy;
      effect.earnedBefore += Number(trade.amount);
      effect.earnedAfter += energy * feedIn;
    }
  }
  return effect;
}
