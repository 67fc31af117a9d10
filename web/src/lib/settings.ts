// Language, look and the island's zone: kept in this browser.
import { createFormatter, type Formatter, type Language } from "./format";
import { createStore, useStore, type Store } from "./store";
import { keep, readKept } from "./storage";

export type Theme = "auto" | "light" | "dark";

function firstLanguage(): Language {
  const kept = readKept<Language>("language");
  if (kept === "pt" || kept === "en") return kept;
  return navigator.languages.some((name) => name.toLowerCase().startsWith("pt")) ? "pt" : "en";
}

export const language: Store<Language> = createStore(firstLanguage());
export const theme: Store<Theme> = createStore(readKept<Theme>("theme") ?? "auto");
/** IANA name of the zone that the neighbourhood's days are counted in. */
export const zone: Store<string> = createStore(readKept<string>("zone") ?? "Atlantic/Madeira");

export function setZone(name: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
  } catch {
    return;
  }
  keep("zone", name);
  zone.set(name);
}

function apply(): void {
  document.documentElement.lang = language.get() === "pt" ? "pt-PT" : "en-GB";
  const chosen = theme.get();
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}
apply();
language.subscribe(() => {
  keep("language", language.get());
  apply();
});
theme.subscribe(() => {
  keep("theme", theme.get());
  apply();
});

const formatters = new Map<string, Formatter>();

export function useFormat(): Formatter {
  const spoken = useStore(language);
  const where = useStore(zone);
  const key = `${spoken} ${where}`;
  let made = formatters.get(key);
  if (!made) formatters.set(key, (made = createFormatter(spoken, where)));
  return made;
}
