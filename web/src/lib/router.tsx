// Pages by path, with the browser's own history.
import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { createStore, useStore } from "./store";

const here = () => window.location.pathname + window.location.search;
const place = createStore(here());
window.addEventListener("popstate", () => place.set(here()));

/** Goes to a path of this application; `replace` leaves no entry to come back to. */
export function navigate(to: string, replace = false): void {
  if (to === place.get()) return;
  window.history[replace ? "replaceState" : "pushState"](null, "", to);
  place.set(here());
  window.scrollTo(0, 0);
}

export function usePath(): string {
  return useStore(place).split("?")[0] ?? "/";
}

export function useQuery(): URLSearchParams {
  return new URLSearchParams(useStore(place).split("?")[1] ?? "");
}

/** Parameters of `pattern` ("/blocks/:height") in `path`, or null where it does not match. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (part.startsWith(":") && value !== "") found[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return null;
  }
  return found;
}

export function Link({ to, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    rest.onClick?.(event);
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (event.defaultPrevented || !plain) return;
    event.preventDefault();
    navigate(to);
  };
  return <a {...rest} href={to} onClick={follow} />;
}
