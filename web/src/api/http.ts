// Requests to the peers of the chain: to one until it fails, then to the next. Every peer gives the same
// answers, so a page does not mind which one it talks to.
import { createStore, type Store } from "../lib/store";
import { keep, readKept } from "../lib/storage";

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: no peer could be reached
    readonly code: string,
    message: string,
    readonly transaction: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface RequestOptions {
  body?: unknown;
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Idempotency-Key: the same for every attempt at one submission. */
  once?: string;
}

const attemptMs = 15_000;
const statusesOfAnotherPeer = new Set([502, 503, 504]);

export const online: Store<boolean> = createStore(true);

function unique(urls: string[]): string[] {
  return [...new Set(urls.map((url) => url.replace(/\/$/, "")))];
}

export class Peers {
  private urls: string[];
  private current = 0;

  constructor(private readonly own: string) {
    this.urls = unique([own, ...(readKept<string[]>("peers") ?? [])]);
  }
  list(): readonly string[] {
    return this.urls;
  }
  now(): string {
    return this.urls[this.current] ?? this.own;
  }
  /** Leaves `failed`, where it is still the one in use. */
  leave(failed: string): void {
    if (this.now() === failed) this.current = (this.current + 1) % this.urls.length;
  }
  async learn(): Promise<void> {
    const { peers } = await request<{ peers: string[] }>(this, "GET", "/v1/peers");
    const before = this.now();
    this.urls = unique([this.own, ...peers]);
    this.current = Math.max(0, this.urls.indexOf(before));
    keep("peers", this.urls.slice(1));
  }
}

function pathWith(path: string, query: RequestOptions["query"]): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== "");
  if (given.length === 0) return path;
  return path + "?" + new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

async function errorOf(response: Response): Promise<ApiError> {
  let code = "http_" + response.status;
  let message = response.statusText;
  let transaction: string | null = null;
  try {
    const body = (await response.json()) as {
      error?: { code?: string; message?: string };
      transaction?: string;
      receipt?: { code?: string; message?: string };
    };
    code = body.error?.code ?? body.receipt?.code ?? code;
    message = body.error?.message ?? body.receipt?.message ?? message;
    transaction = body.transaction ?? null;
  } catch {
    // Not JSON: the status says it.
  }
  return new ApiError(response.status, code, message, transaction);
}

/** One request, at most once to each peer; gives the response of the first that is able to serve. */
export async function send(peers: Peers, method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.once) headers["Idempotency-Key"] = options.once;
  const init: RequestInit = { method, headers, cache: "no-store", credentials: "omit" };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  let last: ApiError | null = null;
  for (let attempt = 0; attempt < peers.list().length; ++attempt) {
    const base = peers.now();
    const limit = AbortSignal.timeout(attemptMs);
    init.signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
    try {
      const response = await fetch(base + pathWith(path, options.query), init);
      online.set(true);
      if (!statusesOfAnotherPeer.has(response.status)) return response;
      last = await errorOf(response);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      last ??= new ApiError(0, "unreachable", String(error));
    }
    peers.leave(base);
  }
  if (last?.status === 0) online.set(false);
  throw last ?? new ApiError(0, "unreachable", "");
}

export async function request<T>(peers: Peers, method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(peers, method, path, options);
  if (!response.ok) throw await errorOf(response);
  return (await response.json()) as T;
}

/** A fresh Idempotency-Key. */
export function drawKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const peers = new Peers("");
export { errorOf };
