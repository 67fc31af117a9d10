// What the walks share: the one browser, a page that notes what it must not do, a household with a log-in.
import axe from "axe-core";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterEach, expect, inject } from "vitest";

export const island = inject("island");
export const home = "Resident:home-01";
export const credentials = { login: "maria", password: "sunny-side-up-01" };
export const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } } as const;

/** The peers that live; a walk that ends one takes it out. */
export const living = [...island.peers];
/** Where the pages come from, and what the walks do beside the browser goes to. */
export const peer = () => living[0]!.http;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.POWERSHARE_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(peer() + path, {
    method,
    headers: { "x-api-key": island.apiKey, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

export const submit = (payload: { type: string } & Record<string, unknown>) => call<{ transaction: string }>("POST", "/v1/transactions", payload);
/** Pays `euros` in cash to a resident, as the bank does. */
export const payIn = (resident: string, euros: number) => submit({ type: "CashFundingResident", cash: String(euros), currency: "EUR", resident });

/** A log-in of the first home, where it has none yet. */
export async function joinHome(): Promise<void> {
  const login = await fetch(peer() + "/etms/login", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(credentials) });
  if (login.ok) return;
  const { code } = await call<{ code: string }>("POST", "/v1/invitations", { participant: home });
  await call("POST", "/etms/accept", { code, ...credentials });
}

export interface Watched {
  page: Page;
  context: BrowserContext;
  /** Errors on the console and exceptions that nobody caught. */
  faults: string[];
  /** Hosts that were asked. */
  hosts: Set<string>;
}

export async function open(browser: Browser, language: "pt" | "en", size: keyof typeof sizes, theme: "light" | "dark" = "light"): Promise<Watched> {
  const context = await browser.newContext({ viewport: sizes[size], locale: language === "pt" ? "pt-PT" : "en-GB", colorScheme: theme, reducedMotion: "reduce" });
  const page = await context.newPage();
  const watched: Watched = { page, context, faults: [], hosts: new Set() };
  page.on("pageerror", (error) => watched.faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && watched.faults.push(`${message.text()} ${message.location().url}`));
  page.on("request", (request) => watched.hosts.add(new URL(request.url()).hostname));
  return watched;
}

/** Prints what the page said when a test failed. */
export function tellFailures(page: () => Page): void {
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") console.log(`${task.name}: ${page().url()}\n${await page().locator("body").innerText()}`);
  });
}

/** Fills the form and waits for the first screen. */
export async function logIn(page: Page): Promise<void> {
  await page.locator("input[autocomplete=username]").fill(credentials.login);
  await page.locator("input[autocomplete=current-password]").fill(credentials.password);
  await page.locator("button[type=submit].primary").click();
  await page.locator("nav").first().waitFor({ state: "attached" });
  await page.locator(".flow").waitFor();
}

export async function openConsole(page: Page): Promise<void> {
  await page.goto(peer() + "/console");
  await page.locator("input").fill(island.apiKey);
  await page.locator("button[type=submit]").click();
  await page.locator(".tiles").first().waitFor();
}

/** To another screen of the application that is open, as its links do. */
export async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
}

/** The screen is there: nothing is loading, nothing has failed, nothing sticks out at the side. */
export async function expectScreen(page: Page, name: string): Promise<void> {
  await page.waitForFunction(() => document.querySelector("main h1") !== null && !document.querySelector("main .skeleton"));
  expect(await page.locator("main .notice.bad").allTextContents(), name).toEqual([]);
  const sticksOut = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(sticksOut, `${name}: wider than the window`).toBeLessThanOrEqual(0);
}

/** No finding of axe that is serious or critical. */
export async function expectAccessible(page: Page, name: string): Promise<void> {
  // Through the debugger's door: the page's own policy forbids foreign scripts.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] });
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  });
  expect(found, name).toEqual([]);
}

/** Every screen in the theme given and in the other one. */
export async function expectScreens(page: Page, paths: readonly string[], themes: readonly ("light" | "dark")[]): Promise<void> {
  for (const path of paths) {
    await goTo(page, path);
    await expectScreen(page, path);
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme });
      await expectAccessible(page, `${path}, ${theme}`);
    }
  }
}
