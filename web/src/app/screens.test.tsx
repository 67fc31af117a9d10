// Every screen against answers as a peer gives them, in both languages; and without any peer.
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import recorded from "../testing/household.json";
import { session } from "../api/session";
import { forgetAnswers } from "../lib/resource";
import { navigate } from "../lib/router";
import { language } from "../lib/settings";
import { App } from "./app";

vi.mock("../ui/plot", () => ({ default: () => null })); // a canvas, which jsdom does not have
const screens = ["/", "/history", "/trading", "/wallet", "/neighbourhood", "/ranking", "/bill", "/bill/why?month=2021-06&line=bought", "/bill/slot?start=2021-06-24T17:15:00Z", "/meters", "/keys", "/notifications", "/settings", "/about"];
const answers = recorded as Record<string, unknown>;
let root: Root;
let box: HTMLElement;

function answer(url: string): Response {
  const { pathname, searchParams } = new URL(url, "http://peer");
  const name = pathname === "/etms/history" ? `${pathname}?${searchParams.get("period")}` : pathname;
  const body = answers[name];
  return body ? new Response(JSON.stringify(body)) : new Response(JSON.stringify({ error: { code: "not_found", message: "no" } }), { status: 404 });
}

const pause = () => new Promise((done) => setTimeout(done, 10));

/** Goes there and waits until the lazy screen and its answers have come. */
async function show(path: string): Promise<void> {
  navigate(path);
  await pause();
  await vi.waitFor(() => {
    if (!box.querySelector("h1") || box.querySelector(".skeleton:not(.plot-box)")) throw new Error("still loading " + path);
  }, 60_000);
  await pause();
}

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
  window.scrollTo = () => undefined;
  vi.stubGlobal("fetch", vi.fn(async (url: string) => (url.endsWith("/events") ? new Promise<Response>(() => undefined) : answer(url))));
  const later = new Date(Date.now() + 3_600_000).toISOString();
  session.set({ token: "t", expires: later, refresh_token: "r", refresh_expires: later, participant: "Resident:home-01" });
  box = document.createElement("div");
  document.body.append(box);
  root = createRoot(box);
});
afterEach(async () => {
  root.unmount();
  box.remove();
  forgetAnswers();
  localStorage.clear();
  vi.unstubAllGlobals();
});

describe.each(["pt", "en"] as const)("in %s", (spoken) => {
  it("every screen has its heading and no error", async () => {
    language.set(spoken);
    root.render(<App />);
    for (const path of screens) {
      await show(path);
      expect(box.querySelector("h1")?.textContent, path).toBeTruthy();
      expect(box.querySelector(".notice.bad")?.textContent, path).toBeUndefined();
      expect(box.textContent, path).not.toMatch(/undefined|NaN|\[object/);
    }
  });
});

describe("a bill", () => {
  it("leads from each of its numbers to the slots behind it, and from there to the reasons", async () => {
    language.set("en");
    root.render(<App />);
    await show("/bill");
    expect(box.textContent).toContain("Network fee, feeder");
    const lines = [...box.querySelectorAll<HTMLAnchorElement>("a[href^='/bill/why']")].map((link) => new URL(link.href).searchParams.get("line"));
    expect(lines).toEqual(
      "bought sold from_utility to_utility network_fee losses cost savings cost_without_market self_consumption self_sufficiency consumption peak coins coins".split(" "),
    );
    box.querySelector<HTMLAnchorElement>("a[href*='line=bought']")!.click();
    await vi.waitFor(() => expect(box.textContent).toContain("12.500"), 60_000);
    box.querySelector<HTMLAnchorElement>("a[href^='/bill/slot']")!.click();
    await vi.waitFor(() => expect(box.textContent).toContain("Buyers with a higher limit"), 60_000);
    expect(box.textContent).toContain("Between");
    expect(box.textContent).not.toContain("At the same limit"); // nobody was there
  });
});

describe("without a peer", () => {
  it("every screen says so and keeps what was known", async () => {
    language.set("en");
    root.render(<App />);
    await show("/wallet");
    expect(box.textContent).toContain("998.30");
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => {
        throw new TypeError("refused");
      }),
    );
    await show("/ranking");
    expect(box.textContent).toContain("No peer of your neighbourhood can be reached");
    await show("/wallet");
    expect(box.textContent).toContain("998.30");
    expect(box.textContent).toContain("Showing what was known");
  });
});

describe("forms", () => {
  it("tell what is missing, and keep what was typed", async () => {
    language.set("en");
    session.set(null);
    root.render(<App />);
    await show("/");
    const [name] = box.querySelectorAll("input");
    const submit = box.querySelector<HTMLButtonElement>("button[type=submit]")!;
    submit.click();
    await vi.waitFor(() => expect(box.querySelectorAll("[aria-invalid=true]")).toHaveLength(2), 60_000);
    expect(name?.value).toBe("");
    expect(fetch).not.toHaveBeenCalled();
  });
});
