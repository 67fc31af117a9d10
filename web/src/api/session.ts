// Who is logged in at this browser. The tokens are good at every peer; the short one is renewed with the
// long one, which works once: of several tabs, one renews and the others take what it got.
import { ApiError, peers, request } from "./http";
import { forgetAnswers } from "../lib/resource";
import { keep, readKept } from "../lib/storage";
import { createStore } from "../lib/store";

export interface Session {
  token: string;
  expires: string;
  refresh_token: string;
  refresh_expires: string;
  participant: string;
}

const name = "session";
const marginMs = 60_000;
export const session = createStore<Session | null>(readKept<Session>(name));

function put(next: Session | null): void {
  keep(name, next);
  session.set(next);
}

window.addEventListener("storage", (event) => {
  if (event.key === "ps." + name) session.set(readKept<Session>(name));
});

export function takeSession(opened: Session): void {
  forgetAnswers();
  put(opened);
}

export async function logIn(login: string, password: string): Promise<void> {
  takeSession(await request<Session>(peers, "POST", "/etms/login", { body: { login, password } }));
}

export async function acceptInvitation(code: string, login: string, password: string): Promise<void> {
  await request(peers, "POST", "/etms/accept", { body: { code, login, password } });
  await logIn(login, password);
}

export async function changePassword(login: string, password: string, next: string): Promise<void> {
  const body = { login, password, new_password: next };
  put(await authorised((headers) => request<Session>(peers, "POST", "/etms/password", { headers, body })));
}

export async function logOut(): Promise<void> {
  try {
    await authorised((headers) => request(peers, "POST", "/etms/logout", { headers }));
  } catch {
    // Without a peer the session ends by itself when its time is over.
  }
  forgetSession();
}

export function forgetSession(): void {
  forgetAnswers();
  put(null);
}

function isFresh(current: Session): boolean {
  return Date.parse(current.expires) - Date.now() > marginMs;
}

/** One at a time over all tabs, where the browser can do that. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request("ps.refresh", work) : work();
}

let renewing: Promise<void> | null = null;

function renew(used: Session): Promise<void> {
  renewing ??= alone(async () => {
    const kept = readKept<Session>(name);
    if (kept && kept.token !== used.token) {
      session.set(kept); // another tab has renewed it
      return;
    }
    try {
      put(await request<Session>(peers, "POST", "/etms/refresh", { body: { refresh_token: used.refresh_token } }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) forgetSession();
      throw error;
    }
  }).finally(() => (renewing = null));
  return renewing;
}

export async function bearer(): Promise<Record<string, string>> {
  const before = session.get();
  if (!before) throw new ApiError(401, "log_in_needed", "");
  if (!isFresh(before)) await renew(before);
  const current = session.get();
  if (!current) throw new ApiError(401, "log_in_needed", "");
  return { Authorization: "Bearer " + current.token };
}

/** Performs a request as the person who is logged in; renews the token once where it is refused. */
export async function authorised<T>(perform: (headers: Record<string, string>) => Promise<T>): Promise<T> {
  const headers = await bearer();
  const used = session.get();
  try {
    return await perform(headers);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401 || !used || error.code === "bad_login") throw error;
    await renew(used);
    return perform(await bearer());
  }
}
