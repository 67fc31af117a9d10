// The trading rules as the form holds them: text where a person types, checked before they are sent.
import type { Criteria, Rules, Side, Window } from "../api/household";
import { parseDecimal } from "../ui/form";

export type PriceMode = "registry" | "fixed" | "tariff";
export interface SideForm {
  enabled: boolean;
  mode: PriceMode;
  price: string;
  offset: string;
  windows: Window[];
  partners: string[];
}
export interface RulesForm {
  sell: SideForm;
  buy: SideForm;
  automatic: boolean;
  reserve: string;
  onlyRenewable: boolean;
  payMore: boolean;
}
export type Wrong = "price" | "offset" | "windows" | "reserve";

const text = (value: number | null, decimal: string) => (value === null ? "" : String(value).replace(".", decimal));

function sideForm(side: Side, decimal: string): SideForm {
  const mode = side.price_coins_per_kwh !== null ? "fixed" : side.tariff_offset_coins_per_kwh !== null ? "tariff" : "registry";
  return {
    enabled: side.enabled,
    mode,
    price: text(side.price_coins_per_kwh, decimal),
    offset: text(side.tariff_offset_coins_per_kwh, decimal),
    windows: side.windows,
    partners: side.partners,
  };
}

export function formOf(rules: Rules, decimal: string): RulesForm {
  return {
    sell: sideForm(rules.sell, decimal),
    buy: sideForm(rules.buy, decimal),
    automatic: rules.automatic,
    reserve: text(rules.battery_reserve_kwh, decimal),
    onlyRenewable: rules.only_renewable,
    payMore: rules.pay_more_for_green,
  };
}

export function wrongOfSide(side: SideForm): Wrong[] {
  const found: Wrong[] = [];
  const price = parseDecimal(side.price);
  if (side.mode === "fixed" && (price === null || price < 0)) found.push("price");
  if (side.mode === "tariff" && parseDecimal(side.offset) === null) found.push("offset");
  if (side.windows.some((window) => window.weekdays.length === 0 || !window.from || !window.to)) found.push("windows");
  return found;
}

export function isReserve(reserve: string): boolean {
  const value = parseDecimal(reserve);
  return value !== null && value >= 0;
}

function sideOf(form: SideForm): Side {
  return {
    enabled: form.enabled,
    price_coins_per_kwh: form.mode === "fixed" ? parseDecimal(form.price) : null,
    tariff_offset_coins_per_kwh: form.mode === "tariff" ? parseDecimal(form.offset) : null,
    windows: form.windows,
    partners: form.partners,
  };
}

/** For a form without faults. */
export function rulesOf(form: RulesForm): Rules {
  return {
    sell: sideOf(form.sell),
    buy: sideOf(form.buy),
    automatic: form.automatic,
    battery_reserve_kwh: parseDecimal(form.reserve) ?? 0,
    only_renewable: form.onlyRenewable,
    pay_more_for_green: form.payMore,
  };
}

/** The price that a side comes to; null where it is off, unknown or not a price yet. */
export function limitOf(side: SideForm, automatic: boolean, selling: boolean, effect: Criteria["effect"], registered: number | null): number | null {
  const tariff = effect.tariff_coins_per_kwh;
  const feedIn = effect.feed_in_coins_per_kwh ?? 0;
  if (!side.enabled) return null;
  if (automatic) return tariff === null ? null : selling ? feedIn + (tariff - feedIn) / 2 : tariff;
  if (side.mode === "fixed") return parseDecimal(side.price);
  if (side.mode === "registry") return registered;
  const offset = parseDecimal(side.offset);
  return offset === null || tariff === null ? null : Math.max(0, tariff + offset);
}
