import { ApiError } from "../api/http";
import { idOf, operator, slotBook, type BookOrder } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Badge, Card, Tile, Tiles } from "../ui/basic";
import { Shown } from "../ui/state";
import { Table } from "../ui/table";
import { useConsoleText } from "./i18n";
import { Curves } from "./curves";

const withinMs = 60_000; // no slot is shorter: only this one starts in it

function Book({ orders }: { orders: BookOrder[] }) {
  const { slots: s, nav } = useConsoleText();
  const f = useFormat();
  return (
    <Table
      label={s.book}
      rows={orders}
      rowKey={(order) => `${order.participant} ${order.side} ${order.by} ${order.limit} ${order.energy_kwh}`}
      first={{ key: "limit", down: false }}
      columns={[
        { key: "who", title: nav.participants, by: (order) => order.participant, cell: (order) => <Link to={`/console/participants/${encodeURIComponent(order.participant)}`}>{idOf(order.participant)}</Link> },
        { key: "side", title: s.side, by: (order) => order.side, cell: (order) => <Badge tone={order.side === "sell" ? "warn" : "plain"}>{s[order.side]}</Badge> },
        { key: "energy", title: s.energy, number: true, by: (order) => Number(order.energy_kwh), cell: (order) => f.number(order.energy_kwh, 3) },
        { key: "limit", title: s.limit, number: true, by: (order) => Number(order.limit), cell: (order) => f.number(order.limit) },
      ]}
    />
  );
}

/** Null where the book is kept no longer. */
async function bookOrNone(start: string, signal: AbortSignal): Promise<{ orders: BookOrder[] | null }> {
  try {
    return { orders: await slotBook(start, signal) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { orders: null };
    throw error;
  }
}

export default function SlotScreen({ start }: { start: string }) {
  const t = useText();
  const { slots: s } = useConsoleText();
  const f = useFormat();
  const slot = useResource("op slot " + start, (signal) => operator.slot(start, signal), { live: true });
  const book = useResource("op book " + start, (signal) => bookOrNone(start, signal));
  const trades = useResource("op slot trades " + start, (signal) => operator.trades({ from: start, to: new Date(Date.parse(start) + withinMs).toISOString() }, signal));
  return (
    <div className="stack">
      <p>
        <Link to="/console/slots">‹ {s.back}</Link>
      </p>
      <h1>{s.detail(f.dateTime(start))}</h1>
      <Shown of={slot} rows={2}>
        {(data) => (
          <>
            <Tiles>
              <Tile label={s.state} value={s.states[data.state]} />
              <Tile label={s.rule} value={textOf(t.trading.rules, data.rule)} />
              <Tile label={s.clearing} value={data.clearing_price === null ? t.state.none : f.number(data.clearing_price)} />
              <Tile label={s.traded} value={f.number(data.traded_kwh, 3)} />
              <Tile label={s.imported} value={f.number(data.imported_kwh, 3)} />
              <Tile label={s.exported} value={f.number(data.exported_kwh, 3)} />
              <Tile label={s.fromUtility} value={f.number(data.from_utility_kwh, 3)} />
              <Tile label={s.toUtility} value={f.number(data.to_utility_kwh, 3)} />
            </Tiles>
            <div className="grid wide">
              <Card title={s.curves}>
                <Shown of={book} rows={3} empty={[({ orders }) => !orders || orders.length === 0, book.data?.orders === null ? s.noBookKept : s.noBook]}>
                  {({ orders }) => (
                    <div className="stack">
                      <Curves orders={orders ?? []} traded={Number(data.traded_kwh)} price={data.clearing_price === null ? null : Number(data.clearing_price)} />
                      <details>
                        <summary>{s.book}</summary>
                        <Book orders={orders ?? []} />
                      </details>
                    </div>
                  )}
                </Shown>
              </Card>
              <Card title={s.trades}>
                <Shown of={trades} rows={3} empty={[(items) => items.length === 0, s.noTrades]}>
                  {(items) => (
                    <Table
                      label={s.trades}
                      rows={items}
                      rowKey={(trade) => trade.id}
                      columns={[
                        { key: "seller", title: s.seller, by: (trade) => trade.seller, cell: (trade) => idOf(trade.seller) },
                        { key: "buyer", title: s.buyer, by: (trade) => trade.buyer, cell: (trade) => idOf(trade.buyer) },
                        { key: "energy", title: s.energy, number: true, by: (trade) => Number(trade.energy_kwh), cell: (trade) => f.number(trade.energy_kwh, 3) },
                        { key: "price", title: s.unitPrice, number: true, by: (trade) => Number(trade.price), cell: (trade) => f.number(trade.price) },
                        { key: "venue", title: s.venue, wide: true, by: (trade) => trade.venue, cell: (trade) => textOf(s.venues, trade.venue) },
                      ]}
                    />
                  )}
                </Shown>
              </Card>
            </div>
          </>
        )}
      </Shown>
    </div>
  );
}
