import { afterEach, describe, expect, it, vi } from "vitest";
import { Peers, request, send, type ApiError } from "../api/http";
import { createFormatter } from "./format";
import { EventParser, type LiveEvent } from "./live";
import { matchPath } from "./router";
import { parseDecimal } from "../ui/form";

describe("numbers and times", () => {
  const pt = createFormatter("pt", "Atlantic/Madeira");
  const en = createFormatter("en", "Atlantic/Madeira");
  it("follow the language", () => {
    expect(pt.kwh(1234.5)).toBe("1234,50\u00a0kWh");
    expect(en.kwh("1234.5")).toBe("1,234.50\u00a0kWh");
    expect(pt.price("0.1629")).toBe("0,1629\u00a0moedas/kWh");
    expect(en.coins(0.5)).toBe("0.50\u00a0coins");
    expect(pt.cash(25.5, "EUR").replaceAll(/\s/g, " ")).toBe("25,50 €");
  });
  it("change their unit where it helps", () => {
    expect(en.watts(999)).toBe("999\u00a0W");
    expect(en.watts(2360)).toBe("2.36\u00a0kW");
  });
  it("never say minus zero", () => {
    expect(en.coins(-0.001)).toBe("0.00\u00a0coins");
    expect(pt.coins(-0.01)).toBe("-0,01\u00a0moedas");
  });
  it("are those of the island, summer and winter", () => {
    expect(en.time("2021-06-24T23:30:00Z")).toBe("00:30");
    expect(en.time("2021-12-24T23:30:00Z")).toBe("23:30");
    expect(en.localDate("2021-06-24T23:30:00Z")).toBe("2021-06-25");
  });
});

describe("what people type", () => {
  it("may have a comma or a point", () => {
    expect(parseDecimal("0,1629")).toBe(0.1629);
    expect(parseDecimal(" 12.5 ")).toBe(12.5);
    expect(parseDecimal("\u22120,02")).toBe(-0.02);
  });
  it("is refused where it is no number", () => {
    for (const text of ["", "1,2,3", "1e3", "abc", "0,1234567891", "1.000,5"]) expect(parseDecimal(text)).toBeNull();
  });
});

describe("paths", () => {
  it("match by parts and give what stands for names", () => {
    expect(matchPath("/console/blocks/:height", "/console/blocks/12")).toEqual({ height: "12" });
    expect(matchPath("/console/participants/:ref", "/console/participants/Resident%3Ahome-01")).toEqual({ ref: "Resident:home-01" });
    expect(matchPath("/a/:b", "/a/")).toBeNull();
    expect(matchPath("/a", "/a/b")).toBeNull();
  });
});

describe("events", () => {
  it("come whole, however the network cuts them", () => {
    const text = ': keep-alive\n\nid: 38.0\nevent: block\ndata: {"height":38}\n\nid: 38.1\r\nevent: slot\r\ndata: {"a":1}\r\n\r\nevent: bad\ndata: {\n\n';
    for (const size of [1, 3, 7, text.length]) {
      const found: LiveEvent[] = [];
      const parser = new EventParser((event) => found.push(event));
      for (let at = 0; at < text.length; at += size) parser.push(text.slice(at, at + size));
      expect(found).toEqual([
        { id: "38.0", type: "block", data: { height: 38 } },
        { id: "38.1", type: "slot", data: { a: 1 } },
      ]);
    }
  });
});

describe("requests", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    localStorage.clear();
  });
  const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });
  async function peersOf(handler: (url: string, init: RequestInit) => Promise<Response>): Promise<Peers> {
    const peers = new Peers("http://a");
    vi.stubGlobal("fetch", vi.fn(async () => answer(200, { peers: ["http://a", "http://b", "http://c"] })));
    await peers.learn();
    vi.stubGlobal("fetch", vi.fn(handler));
    return peers;
  }
  it("go to the next peer where one is gone, and stay there", async () => {
    const asked: string[] = [];
    const peers = await peersOf(async (url) => {
      asked.push(url);
      if (url.startsWith("http://a")) throw new TypeError("refused");
      return answer(200, { ok: true });
    });
    expect(await request(peers, "GET", "/v1/x")).toEqual({ ok: true });
    await request(peers, "GET", "/v1/x");
    expect(asked).toEqual(["http://a/v1/x", "http://b/v1/x", "http://b/v1/x"]);
  });
  it("carry the same key to every peer", async () => {
    const keys: (string | undefined)[] = [];
    const peers = await peersOf(async (url, init) => {
      keys.push((init.headers as Record<string, string>)["Idempotency-Key"]);
      return url.startsWith("http://c") ? answer(200, {}) : answer(503, { error: { code: "unavailable", message: "" } });
    });
    await send(peers, "POST", "/etms/orders", { once: "k1", body: {} });
    expect(keys).toEqual(["k1", "k1", "k1"]);
  });
  it("tell what the peer said", async () => {
    const peers = await peersOf(async () => answer(422, { error: { code: "gate_closed", message: "Too late." } }));
    const error = await request(peers, "GET", "/x").catch((caught: ApiError) => caught);
    expect(error).toMatchObject({ status: 422, code: "gate_closed", message: "Too late." });
  });
  it("fail once when nobody answers", async () => {
    const peers = await peersOf(async () => {
      throw new TypeError("refused");
    });
    await expect(request(peers, "GET", "/x")).rejects.toMatchObject({ status: 0 });
    expect(fetch).toHaveBeenCalledTimes(3);
  });
});
