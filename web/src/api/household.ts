// The household's part of the door (/etms), in one place.
import { drawKey, peers, request, send, ApiError, errorOf, type RequestOptions } from "./http";
import { authorised } from "./session";

export type Iso = string;
export interface Page<T> {
  items: T[];
  next: string | null;
}
export interface Submitted {
  transaction: string | null;
  block: { height: number; index: number } | null;
}

export type FlowNode = "sun" | "home" | "battery" | "car" | "neighbours" | "grid";
export interface Flow {
  source: "live" | "reading" | "none";
  age_seconds: number | null;
  sun_watts: number;
  home_watts: number;
  battery_watts: number;
  car_watts: number;
  neighbours_watts: number;
  grid_watts: number;
  neighbours_known: boolean;
  flows: { from: FlowNode; to: FlowNode; watts: number }[];
}

export interface Traded {
  counterparty: string;
  energy_kwh: number;
  amount_coins: number;
}
export interface EnergySums {
  consumption_kwh: number;
  production_kwh: number;
  imported_kwh: number;
  exported_kwh: number;
  own_used_kwh: number;
  bought: Traded[];
  sold: Traded[];
  from_utility_kwh: number;
  to_utility_kwh: number;
  cost_coins: number;
  earnings_coins: number;
  renewable_share: number | null;
  slots: number;
}
export interface Completeness {
  settled_until: Iso;
  final_until: Iso;
  complete: boolean;
  missing: { meter: string; seconds: number }[];
}
export type PeriodName = "day" | "week" | "month" | "year";
export interface History extends Completeness {
  period: PeriodName;
  date: string;
  from: Iso;
  to: Iso;
  buckets: (EnergySums & { start: Iso; end: Iso })[];
  total: EnergySums;
}

export interface Window {
  weekdays: string[];
  from: string;
  to: string;
}
export interface Side {
  enabled: boolean;
  price_coins_per_kwh: number | null;
  tariff_offset_coins_per_kwh: number | null;
  windows: Window[];
  partners: string[];
}
export interface Rules {
  sell: Side;
  buy: Side;
  automatic: boolean;
  battery_reserve_kwh: number;
  only_renewable: boolean;
  pay_more_for_green: boolean;
}
export interface Criteria extends Rules {
  participant: string;
  set: boolean;
  counts_from: Iso;
  in_force: boolean;
  effect: {
    slot: Iso;
    zone: string;
    tariff_coins_per_kwh: number | null;
    feed_in_coins_per_kwh: number | null;
    buys_at_most_coins_per_kwh: number | null;
    sells_at_least_coins_per_kwh: number | null;
    buys_renewable_only: boolean;
    may_spend_coins: number;
  };
}
export interface Order {
  id: string;
  side: "buy" | "sell";
  first_slot: Iso;
  last_slot: Iso;
  slots: number;
  energy_kwh: number;
  limit_coins_per_kwh: number;
  partners: string[];
  only_renewable: boolean;
  accepted: Iso;
  committed_kwh: number;
  traded_kwh: number;
  delivered_kwh: number;
  deviation_kwh: number;
  deviation_cost_coins: number;
  cancel_before: Iso;
}
/** What became of an order in one of its slots. */
export interface OrderResult {
  order: string;
  slot: Iso;
  side: "buy" | "sell";
  settled: boolean;
  energy_kwh: number;
  limit_coins_per_kwh: number;
  committed_kwh: number;
  committed_coins: number;
  traded_kwh: number;
  traded_coins: number;
  delivered_kwh: number | null;
  deviation_kwh: number;
  deviation_cost_coins: number;
}
export interface NewOrder {
  side: "buy" | "sell";
  first_slot: Iso;
  slots: number;
  energy_kwh: number;
  limit_coins_per_kwh: number;
}
export interface CurrentSlot {
  start: Iso;
  end: Iso;
  state: "open" | "metering" | "provisional" | "final";
  as_of: Iso;
  closes_in_seconds: number;
  closes_at_latest: Iso;
  rule: string;
  tariff_coins_per_kwh: number | null;
  feed_in_coins_per_kwh: number | null;
  indicative_price_coins_per_kwh: number | null;
  indicative_from_slot: Iso | null;
  settled_until: Iso;
  missing_meters: number;
  next_order_slot: Iso;
  gate_closure_seconds: number;
}
export interface Trade {
  id: string;
  slot: Iso;
  side: "buy" | "sell";
  counterparty: string;
  energy_kwh: number;
  price_coins_per_kwh: number;
  amount_coins: number;
  venue: "local" | "island" | "utility";
  state: string;
  forward: boolean;
  margin_coins: number;
  why: {
    reason: string;
    by: "order" | "criteria";
    rule: string;
    clearing_price_coins_per_kwh: number | null;
    tariff_coins_per_kwh: number | null;
    feed_in_coins_per_kwh: number | null;
    advantage_coins: number | null;
  };
}
export interface Neighbour {
  id: string;
  alias: string | null;
  type: string;
  sells_at_coins_per_kwh: number | null;
  open_to_trade: boolean;
}

export interface Money {
  currency: string;
  amount: number;
}
export interface Wallet {
  coins: number;
  energy_kwh: number;
  due_coins: number;
  cash: Money[];
  held: { coins: number; cash: Money[] };
  vehicles: { id: string; coins: number }[];
  open_requests: number;
  at: Iso;
}
export interface Statement {
  period: PeriodName;
  date: string;
  from: Iso;
  to: Iso;
  accounts: {
    asset: string;
    currency: string | null;
    name: string;
    opening: number;
    income: { kind: string; amount: number }[];
    income_total: number;
    outgoings: { kind: string; amount: number }[];
    outgoings_total: number;
    closing: number;
  }[];
}
export interface CashRequest {
  id: string;
  kind: "fund" | "withdraw";
  cash: number;
  currency: string;
  made: Iso;
}
export interface BillLine {
  energy_kwh: number;
  amount_coins: number;
  mean_price: number | null;
}
/** One line as it stands on the bill; the amounts of all sum to the cost. */
export interface BillEntry {
  line: string;
  counterparty_type: string | null;
  level: string | null;
  band_coins_per_kwh: number | null;
  energy_kwh: number | null;
  mean_price: number | null;
  amount_coins: number;
}
/** Which number of a bill is asked about. */
export interface BillQuestion {
  month: string;
  line: string;
  counterparty?: string | undefined;
  band?: string | undefined;
  level?: string | undefined;
}
export interface BillReason {
  slot: Iso;
  settled_at: Iso | null;
  movement: string | null;
  energy_kwh: number;
  of_kwh: number;
  amount_coins: number;
  rule: string | null;
  clearing_price_coins_per_kwh: number | null;
  state: string;
}
export interface BillWhy extends Page<BillReason> {
  energy_kwh: number;
  of_kwh: number;
  amount_coins: number;
}
export interface OrderGroup {
  orders: number;
  participants: number;
  energy_kwh: number | null;
  matched_kwh: number | null;
}
export interface OwnOrder {
  side: "buy" | "sell";
  by: "order" | "criteria";
  restricted: boolean;
  limit_coins_per_kwh: number;
  energy_kwh: number;
  matched_kwh: number;
  outcome: string;
  better: OrderGroup;
  equal: OrderGroup;
  worse: OrderGroup;
}
export interface SlotTrade {
  side: "buy" | "sell";
  counterparty: string;
  venue: string;
  energy_kwh: number;
  price_coins_per_kwh: number;
  amount_coins: number;
  by: "order" | "criteria";
  reason: string;
  fees: { zone: string; amount_coins: number }[];
  losses_kwh: number;
  losses_coins: number;
}
export interface SlotWhy {
  slot: Iso;
  state: string;
  rule: string;
  clearing_price_coins_per_kwh: number | null;
  tariff_coins_per_kwh: number | null;
  feed_in_coins_per_kwh: number | null;
  imported_kwh: number;
  exported_kwh: number;
  production_kwh: number;
  bought_kwh: number;
  sold_kwh: number;
  cost_coins: number;
  cost_without_market_coins: number;
  savings_coins: number;
  book: {
    wanted_kwh: number;
    offered_kwh: number;
    matched_kwh: number;
    buyers: number;
    sellers: number;
    lowest_price_coins_per_kwh: number | null;
    highest_price_coins_per_kwh: number | null;
    own_orders: OwnOrder[];
  } | null;
  trades: SlotTrade[];
}
export interface Bill extends Completeness {
  month: string;
  from: Iso;
  to: Iso;
  final: boolean;
  final_on: Iso;
  opening_coins: number;
  closing_coins: number;
  opening_due_coins: number;
  closing_due_coins: number;
  imported_kwh: number;
  exported_kwh: number;
  production_kwh: number;
  consumption_kwh: number;
  bought: BillLine;
  sold: BillLine;
  from_utility: BillLine;
  to_utility: BillLine;
  late_from_utility: BillLine;
  late_to_utility: BillLine;
  shortfall: BillLine;
  unused: BillLine;
  deviations: BillLine;
  fees_coins: number;
  losses_kwh: number;
  losses_coins: number;
  cost_coins: number;
  cost_without_market_coins: number;
  savings_coins: number;
  self_consumption: number | null;
  self_sufficiency: number | null;
  slots: number;
  lines: BillEntry[];
  peak_kw: number;
  peak_slot: Iso | null;
  co2_kg: number;
  co2_avoided_kg: number;
  proof: { height: number; block: string | null } | null;
  lifetime: { earned_coins: number; bought_renewable_kwh: number; production_kwh: number; complete: boolean };
  head: string;
}
export interface OriginSource {
  source: string;
  issued_kwh: number;
  own_kwh: number;
  sold_kwh: number;
  fed_in_kwh: number;
  bought_kwh: number;
  supplied_kwh: number;
}
/** What a household's energy was made of, by its certificates. */
export interface Origin extends Completeness {
  on: boolean;
  from: Iso;
  to: Iso;
  consumption_kwh: number;
  renewable_kwh: number;
  renewable_share: number | null;
  sources: OriginSource[];
  rewards: string;
  solarcoin: number;
  solarcoin_carry_kwh: number;
  nrgcoin: number;
}
export type RankingDisplay = "anonymous" | "named" | "hidden";
export interface Ranking {
  week: string;
  from: Iso;
  to: Iso;
  items: { place: number; participant: string | null; percent: number; own: boolean }[];
  homes: number;
  own: { place: number | null; percent: number | null; readings_percent: number; display: RankingDisplay };
  settled_until: Iso;
}
export interface News {
  id: string;
  time: Iso;
  kind: string;
  slot?: Iso;
  coins?: number;
  low_balance_coins?: number;
  bought_coins?: number;
  difference_coins?: number;
  cash?: number;
  meter?: string;
  sequence?: number;
  month?: string;
}
export interface Preferences {
  ranking: RankingDisplay;
  low_balance_coins: number;
  top_up_below_coins: number;
  top_up_amount_coins: number;
}
export interface Me {
  participant: string;
  type: string;
  id: string;
  buy_rate: string;
  sell_rate: string;
  profile: { first_name: string; last_name: string; email: string } | null;
}
export interface SessionInfo {
  session: string;
  opened: Iso;
  refresh_expires: Iso;
  current: boolean;
}

export interface OwnMeter {
  meter: string;
  kind: string;
  plant_kw: string;
  cpe: string;
  retired: Iso | null;
  last_end: Iso | null;
  standing: "trusted" | "quarantined";
}
export interface Reading {
  seq: number;
  start: Iso;
  seconds: number;
  imported_kwh: string;
  exported_kwh: string;
  produced_kwh: string;
  flags: string[];
}
export interface Dispute {
  meter: string;
  seq: number;
  reason: string;
  since: Iso;
}

type Signal = AbortSignal;

function get<T>(path: string, signal?: Signal, query?: RequestOptions["query"]): Promise<T> {
  return authorised((headers) => request<T>(peers, "GET", "/etms" + path, { headers, signal, query }));
}
function submit<T = Submitted>(method: string, path: string, body?: unknown): Promise<T> {
  const once = drawKey();
  return authorised((headers) => request<T>(peers, method, "/etms" + path, { headers, body, once }));
}

/** All pages of a list, so many items at the most. */
async function all<T>(path: string, signal: Signal | undefined, query: Record<string, string | number | undefined>, most: number): Promise<T[]> {
  const found: T[] = [];
  let after: string | undefined;
  do {
    const page = await get<Page<T>>(path, signal, { ...query, after });
    found.push(...page.items);
    after = page.next ?? undefined;
  } while (after && found.length < most);
  return found;
}

/** What a peer gives as a file. */
async function file(path: string, type: string, query: Record<string, string | number | undefined>): Promise<Blob> {
  return authorised(async (headers) => {
    const response = await send(peers, "GET", "/etms" + path, { headers: { ...headers, Accept: type }, query });
    if (!response.ok) throw await errorOf(response);
    return response.blob();
  });
}

export const household = {
  flow: (signal?: Signal) => get<Flow>("/flow", signal),
  history: (period: PeriodName, date: string | undefined, signal?: Signal) => get<History>("/history", signal, { period, date }),
  historyCsv: (period: PeriodName, date: string | undefined) => file("/history", "text/csv", { period, date, format: "csv" }),
  billFile: (month: string, format: "pdf" | "csv", language: string) =>
    file("/bills", format === "pdf" ? "application/pdf" : "text/csv", { month, format, language }),
  billWhy: (question: BillQuestion, after: string | undefined, signal?: Signal) =>
    get<BillWhy>(`/bills/${question.month}/why`, signal, { line: question.line, counterparty: question.counterparty, band: question.band, level: question.level, after }),
  slotWhy: (start: Iso, signal?: Signal) => get<SlotWhy>(`/slots/${start}/why`, signal),
  criteria: (signal?: Signal) => get<Criteria>("/criteria", signal),
  setCriteria: (rules: Rules) => submit<Submitted & { criteria: Criteria }>("PUT", "/criteria", rules),
  orders: (signal?: Signal) => get<Page<Order>>("/orders", signal).then((page) => page.items),
  orderResults: (signal?: Signal) => get<Page<OrderResult>>("/orders/results?limit=1000", signal).then((page) => page.items),
  placeOrder: (order: NewOrder) => submit("POST", "/orders", order),
  cancelOrder: (id: string) => submit("DELETE", "/orders/" + id),
  slot: (signal?: Signal) => get<CurrentSlot>("/slot", signal),
  trades: (from: Iso, to: Iso | undefined, signal?: Signal) => all<Trade>("/trades", signal, { from, to, limit: 1000 }, 5000),
  neighbours: (signal?: Signal) => all<Neighbour>("/neighbours", signal, { limit: 1000 }, 5000),
  wallet: (signal?: Signal) => get<Wallet>("/wallet", signal),
  statement: (period: PeriodName, signal?: Signal) => get<Statement>("/wallet/statement", signal, { period }),
  buyCoins: (coins: number) => submit("POST", "/wallet/buy", { coins }),
  sellCoins: (coins: number) => submit("POST", "/wallet/sell", { coins }),
  fund: (cash: number) => submit("POST", "/wallet/fund", { cash }),
  withdraw: (cash: number) => submit("POST", "/wallet/withdraw", { cash }),
  cashRequests: (signal?: Signal) => get<Page<CashRequest>>("/wallet/requests", signal).then((page) => page.items),
  takeBack: (id: string) => submit("DELETE", "/wallet/requests/" + id),
  toVehicle: (id: string, coins: number, direction: "to_vehicle" | "from_vehicle") =>
    submit("POST", `/ev/${encodeURIComponent(id)}/transfer`, { coins, direction }),
  origin: (period: PeriodName, signal?: Signal) => get<Origin>("/origin", signal, { period }),
  bill: (month: string | undefined, signal?: Signal) => get<Bill>("/bills", signal, { month }),
  ranking: (week: string | undefined, signal?: Signal) => get<Ranking>("/ranking", signal, { week }),
  notifications: (since: string | undefined, after: string | undefined, signal?: Signal) =>
    get<Page<News> & { unread: number | null }>("/notifications", signal, { since, after, limit: 50 }),
  preferences: (signal?: Signal) => get<Preferences>("/preferences", signal),
  setPreferences: (preferences: Preferences) => submit("PUT", "/preferences", preferences),
  me: (signal?: Signal) => get<Me>("/me", signal),
  setNames: (names: { first_name: string; last_name: string; email: string }) => submit("PATCH", "/me", names),
  meters: (signal?: Signal) => get<Page<OwnMeter>>("/meters", signal).then((page) => page.items),
  readings: (meter: string, from: Iso, signal?: Signal) => get<Page<Reading>>("/readings", signal, { meter, from, limit: 9600 }).then((page) => page.items),
  disputes: (signal?: Signal) => get<Page<Dispute>>("/disputes", signal).then((page) => page.items),
  dispute: (meter: string, seq: number, reason: string) => submit("POST", "/disputes", { meter, seq, reason }),
  keys: (signal?: Signal) => get<Page<{ key: string; kept_by_peers: boolean }>>("/keys", signal).then((page) => page.items),
  sessions: (signal?: Signal) => get<Page<SessionInfo>>("/sessions", signal).then((page) => page.items),
  endSession: (session: string) => submit("DELETE", "/sessions/" + session),
  invitations: (signal?: Signal) => get<Page<{ invitation: string; expires: Iso }>>("/invitations", signal).then((page) => page.items),
  invite: (login: string, password: string) => submit<{ code: string; expires: Iso }>("POST", "/invitations", { login, password }),
  withdrawInvitation: (invitation: string) => submit("DELETE", "/invitations/" + invitation),
};

/** "home-01" of "Resident:home-01". */
export function shortName(participant: string): string {
  const colon = participant.indexOf(":");
  return colon < 0 ? participant : participant.slice(colon + 1);
}

export { ApiError };
