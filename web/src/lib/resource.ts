// What a screen shows from a peer: the last answer at once, a newer one when it comes. The last answers
// are kept in this browser, so that a phone without a network still shows them, with their age.
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../api/http";
import { liveTick } from "./live";
import { forgetAll, keep, readKept } from "./storage";
import { useStore } from "./store";

interface Answer<T> {
  data: T;
  at: number; // ms
}

export interface Resource<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
  /** When the data was fetched, where it is not from this visit. */
  keptAt: number | null;
  reload(): void;
}

const memory = new Map<string, Answer<unknown>>();
const maxMemory = 200;

function remember(key: string, answer: Answer<unknown>, kept: boolean): void {
  memory.delete(key);
  memory.set(key, answer);
  if (memory.size > maxMemory) memory.delete(memory.keys().next().value as string);
  if (kept) keep("last." + key, answer);
}

/** Forgets what was shown to the person who leaves. */
export function forgetAnswers(): void {
  memory.clear();
  forgetAll("last.");
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, "unexpected", String(error));
}

export interface ResourceOptions {
  /** Ask again when the chain decides something. */
  live?: boolean;
  /** Keep the answer for times without a network. */
  kept?: boolean;
}

/** `key` names what `fetcher` brings; null asks nothing. */
export function useResource<T>(
  key: string | null,
  fetcher: (signal: AbortSignal) => Promise<T>,
  { live = false, kept = false }: ResourceOptions = {},
): Resource<T> {
  const tick = useStore(liveTick);
  const [, redraw] = useState(0);
  const [again, setAgain] = useState(0);
  const state = useRef<{ key: string | null; error: ApiError | null; loading: boolean; keptAt: number | null }>({
    key: null,
    error: null,
    loading: false,
    keptAt: null,
  });
  const ask = useRef(fetcher);
  ask.current = fetcher;

  if (state.current.key !== key) {
    state.current = { key, error: null, loading: key !== null, keptAt: null };
    if (key !== null && kept && !memory.has(key)) {
      const answer = readKept<Answer<T>>("last." + key);
      if (answer) {
        memory.set(key, answer);
        state.current.keptAt = answer.at;
      }
    }
  }

  const asking = useRef<AbortController | null>(null);
  const fetchNow = useCallback(() => {
    if (key === null) return;
    const stop = new AbortController();
    asking.current = stop;
    const done = (change: () => void) => {
      if (stop.signal.aborted) return;
      asking.current = null;
      change();
      redraw((count) => count + 1);
    };
    ask.current(stop.signal).then(
      (data) =>
        done(() => {
          remember(key, { data, at: Date.now() }, kept);
          state.current = { key, error: null, loading: false, keptAt: null };
        }),
      (error: unknown) =>
        done(() => {
          const keptAt = memory.get(key)?.at ?? null;
          state.current = { key, error: asApiError(error), loading: false, keptAt };
        }),
    );
  }, [key, kept]);

  useEffect(() => {
    fetchNow();
    return () => {
      asking.current?.abort();
      asking.current = null;
    };
  }, [fetchNow, again]);

  // A slow answer is waited for: it is not given up at every block.
  const seen = useRef(tick);
  useEffect(() => {
    if (seen.current === tick) return;
    seen.current = tick;
    if (live && !asking.current) fetchNow();
  }, [tick, live, fetchNow]);

  const reload = useCallback(() => setAgain((count) => count + 1), []);
  const known = key === null ? undefined : (memory.get(key) as Answer<T> | undefined);
  const { error, loading, keptAt } = state.current;
  return { data: known?.data ?? null, error, loading: loading && !known, keptAt, reload };
}

/** A submission: what it is doing, and how it ended. */
export interface Action<A extends unknown[], R> {
  run(...input: A): Promise<R | null>;
  busy: boolean;
  error: ApiError | null;
  clear(): void;
}

export function useAction<A extends unknown[], R>(perform: (...input: A) => Promise<R>): Action<A, R> {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const current = useRef(perform);
  current.current = perform;
  const running = useRef(false);
  const run = useCallback(async (...input: A): Promise<R | null> => {
    if (running.current) return null;
    running.current = true;
    setBusy(true);
    setError(null);
    try {
      return await current.current(...input);
    } catch (caught) {
      setError(asApiError(caught));
      return null;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return { run, busy, error, clear: useCallback(() => setError(null), []) };
}
