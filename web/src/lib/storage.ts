// What this browser keeps between visits. A browser that refuses (private mode, full) costs memory only.
const prefix = "ps.";

function box(kind: "local" | "session"): Storage | null {
  try {
    return kind === "local" ? window.localStorage : window.sessionStorage;
  } catch {
    return null;
  }
}

export function readKept<T>(name: string, kind: "local" | "session" = "local"): T | null {
  try {
    const text = box(kind)?.getItem(prefix + name);
    return text ? (JSON.parse(text) as T) : null;
  } catch {
    return null;
  }
}

/** Keeps `value`, or forgets the name when it is null. */
export function keep(name: string, value: unknown, kind: "local" | "session" = "local"): void {
  try {
    if (value === null) box(kind)?.removeItem(prefix + name);
    else box(kind)?.setItem(prefix + name, JSON.stringify(value));
  } catch {
    // Full or forbidden: the value lives as long as the page.
  }
}

/** Forgets every name that begins with `start`. */
export function forgetAll(start: string): void {
  const storage = box("local");
  if (!storage) return;
  const names = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  for (const name of names) if (name?.startsWith(prefix + start)) storage.removeItem(name);
}
