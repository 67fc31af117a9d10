// The operator's part of the door (/v1, and /api where names are concerned), in one place.
import { ApiError, drawKey, peers, request } from "./http";
import { keep, readKept } from "../lib/storage";
import { createStore } from "../lib/store";

export type ParticipantType = "Resident" | "ElectricVehicle" | "UtilityCompany" | "Bank";
type Iso = string;
interface Page<T, N = string> {
  items: T[];
  next: N | null;
}

export const apiKey = createStore<string | null>(readKept<string>("api-key", "session"));

export function setApiKey(key: string | null): void {
  keep("api-key", key, "session");
  apiKey.set(key);
}

export interface Status {
  peer: string;
  chain: string;
  view: number;
  primary: string;
  height: number;
  head: string;
  state_root: string;
  executed_transactions: number;
  mempool: number;
  syncing: boolean;
  peers: { id: string; connected: boolean; height: number }[];
  time: Iso;
  ready: boolean;
  not_ready: string[];
}
export interface Participant {
  type: ParticipantType;
  id: string;
  buy_rate: string;
  sell_rate: string;
  owner: string | null;
  vehicle_type: string;
  brand: string;
  model: string;
  name: string;
  supplier: boolean;
  tariff: string;
  feed_in: string;
  profile: string;
}
export interface Account {
  id: string;
  owner: string | null;
  class: string;
  asset: string;
  currency: string | null;
  balance: string;
}
export interface Receipt {
  transaction: string;
  outcome: "applied" | "rejected" | "duplicate";
  code: string;
  message: string;
}
export interface Transaction {
  id: string;
  type: string | null;
  principal: string | null;
  initiator: string | null;
  signer: string | null;
  payload: Record<string, unknown> | null;
}
/** A transaction in the list. */
export interface TransactionLine {
  time: Iso;
  height: number;
  index: number;
  transaction: Transaction;
  receipt: Receipt;
}
export interface Certificate {
  epoch: number;
  endorsements: { signer: number; peer: string | null; signature: string }[];
}
export interface Header {
  epoch: number;
  height: number;
  sequence: number;
  time: Iso;
  previous: string;
  transactions_root: string;
  receipts_root: string;
  state_root: string;
}
export interface Block {
  height: number;
  hash: string;
  header: Header;
  transactions: Transaction[];
  receipts: Receipt[];
  certificate: Certificate | null;
}
export interface FoundTransaction {
  transaction: Transaction;
  receipt: Receipt;
  block: { height: number; index: number; hash: string; time: Iso; certificate: Certificate | null };
}
export interface Slot {
  start: Iso;
  state: "open" | "metering" | "provisional" | "final";
  rule: string;
  clearing_price: string | null;
  imported_kwh: string;
  exported_kwh: string;
  traded_kwh: string;
  from_utility_kwh: string;
  to_utility_kwh: string;
  trades: number;
  missing_meters: number;
}
export interface Trade {
  id: string;
  slot: Iso;
  buyer: string;
  seller: string;
  energy_kwh: string;
  price: string;
  amount: string;
  venue: "local" | "island" | "utility";
  state: string;
}
export interface Meter {
  meter: string;
  owner: string;
  public_key: string | null;
  parent: string | null;
  kind: "home" | "plant" | "charger" | "transformer";
  plant_kw: string;
  cpe: string;
  retired: Iso | null;
  in_ledger_through: number;
  last_end: Iso | null;
  standing?: string;
}
export interface CashRequest {
  id: string;
  kind: "fund" | "withdraw";
  cash: string;
  currency: string;
  made: Iso;
  participant: string;
}
export interface Dispute {
  meter: string;
  seq: number;
  owner: string;
  reason: string;
  since: Iso;
}
export interface Member {
  index: number;
  peer: string;
  consensus_key: string;
}
export interface Members {
  current: { epoch: number; feature_level: number; members: Member[] };
  pending: unknown;
}
export interface Submitted {
  transaction: string | null;
  receipt: Receipt;
  block: { height: number; index: number } | null;
}
export interface Names {
  firstName: string;
  lastName: string;
  email: string;
}
export type Totals = Record<string, { total: string; classes: Record<string, string> }>;

export async function keyHeaders(): Promise<Record<string, string>> {
  const key = apiKey.get();
  if (!key) throw new ApiError(401, "api_key_needed", "");
  return { "x-api-key": key };
}

type Query = Record<string, string | number | undefined>;
async function get<T>(path: string, signal?: AbortSignal, query?: Query): Promise<T> {
  try {
    return await request<T>(peers, "GET", path, { headers: await keyHeaders(), signal, query });
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) setApiKey(null);
    throw error;
  }
}
async function submit<T = Submitted>(method: string, path: string, body?: unknown): Promise<T> {
  return request<T>(peers, method, path, { headers: await keyHeaders(), body, once: drawKey() });
}

const most = 20_000;
async function all<T>(path: string, signal?: AbortSignal, query: Query = {}): Promise<T[]> {
  const found: T[] = [];
  let after: string | undefined;
  do {
    const page = await get<Page<T>>(path, signal, { ...query, limit: 1000, after });
    found.push(...page.items);
    after = page.next ?? undefined;
  } while (after && found.length < most);
  return found;
}

export interface NetworkFee {
  per_kwh: string;
  tariff_ppm: number;
  windows: { weekdays: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[]; from: string; to: string }[];
}
export interface NetworkZone {
  id: string;
  parent: string | null;
  fees: NetworkFee[];
  loss_kwh_per_kwh: string;
  max_export_kwh: string | null;
  max_import_kwh: string | null;
}
export interface Network {
  version: number;
  zones: NetworkZone[];
  members: { participant: string; zone: string }[];
  losses: { from: string; to: string; loss_kwh_per_kwh: string }[];
}
interface SharedKpis {
  consumption_kwh: string;
  production_kwh: string;
  self_sufficiency: string | null;
  self_consumption: string | null;
  savings_coins: string;
  co2_kg: string;
  co2_avoided_kg: string;
  peak_kw: string;
  peak_slot: Iso | null;
}
export interface HomeKpis extends SharedKpis {
  participant: string;
}
export interface Kpis extends SharedKpis {
  from: Iso;
  to: Iso;
  settled_slots: number;
  traded_kwh: string;
  welfare_coins: string;
  welfare_possible_coins: string;
  welfare_slots: number;
  homes: HomeKpis[];
}

/** Names and e-mail of residents, by id; they are not in the ledger. */
async function names(signal?: AbortSignal): Promise<Map<string, Names>> {
  const residents = await get<(Names & { residentID: string })[]>("/api/Resident", signal);
  return new Map(residents.map((each) => [each.residentID, each]));
}

export interface OriginTotals {
  on: boolean;
  sources: { source: string; issued_kwh: string; held_kwh: string; claimed_kwh: string; expired_kwh: string }[];
  conserved: boolean;
}

export const operator = {
  status: (signal?: AbortSignal) => get<Status>("/v1/status", signal),
  /** Whether a key opens the console. */
  tryKey: (key: string) => request(peers, "GET", "/v1/accounts", { headers: { "x-api-key": key }, query: { limit: 1 } }),
  totals: (signal?: AbortSignal) => get<Totals>("/v1/ledger/totals", signal),
  participants: (signal?: AbortSignal) => all<Participant>("/v1/participants", signal),
  names,
  accounts: (signal?: AbortSignal) => all<Account>("/v1/accounts", signal),
  accountsOf: (owner: string, signal?: AbortSignal) => all<Account>("/v1/accounts", signal, { owner }),
  transact: (payload: { type: string } & Record<string, unknown>) => submit("POST", "/v1/transactions", payload),
  addParticipant: (body: unknown) => submit("POST", "/v1/participants", body),
  /** With names: the former server's form of a resident keeps them beside the ledger. */
  addResident: (resident: { residentID: string; buyRate: number; sellRate: number } & Names) =>
    submit<unknown>("POST", "/api/Resident", { ...resident, ...assetsOf(resident.residentID) }),
  updateResident: (resident: { residentID: string; buyRate: number; sellRate: number } & Names) =>
    submit<unknown>("PUT", "/api/Resident/" + encodeURIComponent(resident.residentID), { ...resident, ...assetsOf(resident.residentID) }),
  invite: (participant: string) => submit<{ code: string; expires: Iso }>("POST", "/v1/invitations", { participant }),
  transactions: (query: { type?: string; participant?: string; before?: string; limit: number }, signal?: AbortSignal) =>
    get<Page<TransactionLine>>("/v1/transactions", signal, query),
  transaction: (id: string, signal?: AbortSignal) => get<FoundTransaction>("/v1/transactions/" + id, signal),
  blocks: (from: number | undefined, limit: number, signal?: AbortSignal) => get<Page<Block, number>>("/v1/blocks", signal, { from, limit }),
  block: (height: number, signal?: AbortSignal) => get<Block>("/v1/blocks/" + height, signal),
  slots: (limit: number, signal?: AbortSignal) => get<Page<Slot>>("/v1/slots", signal, { limit }).then((page) => page.items),
  slot: (start: Iso, signal?: AbortSignal) => get<Slot>("/v1/slots/" + start, signal),
  network: (signal?: AbortSignal) => get<Network>("/v1/network", signal),
  kpis: (signal?: AbortSignal) => get<Kpis>("/v1/kpis", signal),
  trades: (query: { from?: Iso; to?: Iso; participant?: string; venue?: string }, signal?: AbortSignal) => all<Trade>("/v1/trades", signal, query),
  meters: (signal?: AbortSignal) => all<Meter>("/v1/meters", signal),
  addMeter: (body: unknown) => submit("POST", "/v1/meters", body),
  setStanding: (meter: string, standing: "trusted" | "quarantined") => submit("POST", `/v1/meters/${encodeURIComponent(meter)}/standing`, { standing }),
  cashRequests: (signal?: AbortSignal) => all<CashRequest>("/v1/cash-requests", signal),
  resolveCash: (id: string, approved: boolean) => submit("POST", "/v1/cash-requests/" + id, { approved }),
  resolveDispute: (meter: string, seq: number, upheld: boolean) => submit("POST", `/v1/meters/${encodeURIComponent(meter)}/disputes/${seq}`, { upheld }),
  disputes: (signal?: AbortSignal) => get<Page<Dispute>>("/v1/disputes", signal).then((page) => page.items),
  members: (signal?: AbortSignal) => get<Members>("/v1/members", signal),
  origin: (signal?: AbortSignal) => get<OriginTotals>("/v1/origin", signal),
  parameters: (signal?: AbortSignal) => get<Record<string, string | number>>("/v1/parameters", signal),
};

function assetsOf(id: string) {
  return { coins: "CO_" + id, cash: "CA_" + id, energy: "EN_" + id };
}

export function refOf(participant: { type: string; id: string }): string {
  return `${participant.type}:${participant.id}`;
}
export function idOf(ref: string): string {
  return ref.slice(ref.indexOf(":") + 1);
}

export interface BookOrder {
  participant: string;
  side: "buy" | "sell";
  by: "criteria" | "order";
  energy_kwh: string;
  limit: string;
  restricted: boolean;
}
export async function slotBook(start: string, signal?: AbortSignal): Promise<BookOrder[]> {
  const { orders } = await get<{ orders: BookOrder[] }>(`/v1/slots/${start}/book`, signal);
  return orders;
}
