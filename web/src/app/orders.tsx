import { useState, type FormEvent } from "react";
import { household, type Order, type OrderResult } from "../api/household";
import { useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Button, Card, Segmented } from "../ui/basic";
import { Dialog } from "../ui/dialog";
import { parseDecimal, SelectField, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { say } from "../ui/toast";

const offeredSlots = 96;
const slotMs = 15 * 60_000;

function OrderRow({ order, reload }: { order: Order; reload(): void }) {
  const t = useText();
  const f = useFormat();
  const cancel = useAction(async () => {
    await household.cancelOrder(order.id);
    say(t.trading.cancelled);
    reload();
  });
  const side = order.side === "buy" ? t.trading.sideBuy : t.trading.sideSell;
  return (
    <li>
      <span className="grow">
        {t.trading.orderLine(side, f.kwh(order.energy_kwh, 3), f.price(order.limit_coins_per_kwh))}
        <span className="soft small" style={{ display: "block" }}>
          {f.dateTime(order.first_slot)}
          {order.slots > 1 && ` – ${f.dateTime(order.last_slot)}`}
        </span>
        {order.committed_kwh > 0 && (
          <span className="soft small" style={{ display: "block" }}>
            {t.trading.committed} {f.kwh(order.committed_kwh, 3)}, {t.trading.delivered} {f.kwh(order.delivered_kwh, 3)}
            {order.deviation_kwh > 0 && `, ${t.trading.deviation} ${f.kwh(order.deviation_kwh, 3)}: ${f.coins(order.deviation_cost_coins, 4)}`}
          </span>
        )}
        {cancel.error && <ErrorNotice error={cancel.error} />}
      </span>
      <Button small look="danger" busy={cancel.busy} onClick={() => void cancel.run()}>
        {t.trading.cancelOrder}
      </Button>
    </li>
  );
}

function Results({ items }: { items: OrderResult[] }) {
  const t = useText();
  const f = useFormat();
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={t.trading.results}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t.bill.slot}</th>
            {[t.trading.ordered, t.trading.committed, t.trading.delivered, t.trading.spot, t.trading.deviation, t.trading.deviationCost].map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items
            .slice()
            .reverse()
            .map((result) => (
              <tr key={result.order + result.slot}>
                <td>
                  {f.dateTime(result.slot)}
                  <span className="soft small" style={{ display: "block" }}>
                    {result.side === "buy" ? t.trading.sideBuy : t.trading.sideSell}
                  </span>
                </td>
                <td className="number">{f.kwh(result.energy_kwh, 3)}</td>
                <td className="number">{f.kwh(result.committed_kwh, 3)}</td>
                <td className="number">{result.delivered_kwh === null ? t.trading.notYet : f.kwh(result.delivered_kwh, 3)}</td>
                <td className="number">{f.kwh(result.traded_kwh, 3)}</td>
                <td className="number">{f.kwh(result.deviation_kwh, 3)}</td>
                <td className="number">{f.coins(result.deviation_cost_coins, 4)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

function OrderForm({ next, gateSeconds, done }: { next: string; gateSeconds: number; done(): void }) {
  const t = useText();
  const f = useFormat();
  const [side, setSide] = useState<"buy" | "sell">("buy");
  const [first, setFirst] = useState(next);
  const [slots, setSlots] = useState("1");
  const [energy, setEnergy] = useState("");
  const [limit, setLimit] = useState("");
  const [tried, setTried] = useState(false);
  const given = { slots: Number(slots), energy: parseDecimal(energy), limit: parseDecimal(limit) };
  const right = {
    slots: Number.isInteger(given.slots) && given.slots >= 1 && given.slots <= offeredSlots,
    energy: given.energy !== null && given.energy > 0,
    limit: given.limit !== null && given.limit >= 0,
  };
  const place = useAction(async () => {
    await household.placeOrder({ side, first_slot: first, slots: given.slots, energy_kwh: given.energy ?? 0, limit_coins_per_kwh: given.limit ?? 0 });
    say(t.trading.placed);
    done();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (right.slots && right.energy && right.limit) void place.run();
  };
  const choices = Array.from({ length: offeredSlots }, (_, index) => new Date(Date.parse(next) + index * slotMs).toISOString().replace(".000Z", "Z"));
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <div className="field">
        <span className="label">{t.trading.orderSide}</span>
        <Segmented
          label={t.trading.orderSide}
          value={side}
          options={[
            ["buy", t.trading.sideBuy],
            ["sell", t.trading.sideSell],
          ]}
          onChange={setSide}
        />
      </div>
      <SelectField label={t.trading.firstSlot} value={first} options={choices.map((iso) => [iso, f.dateTime(iso)] as const)} onChange={setFirst} />
      <TextField label={t.trading.slots} value={slots} onChange={setSlots} inputMode="numeric" wrong={tried && !right.slots ? t.trading.badSlots : null} />
      <TextField label={t.trading.energy} value={energy} onChange={setEnergy} inputMode="decimal" unit="kWh" wrong={tried && !right.energy ? t.trading.badEnergy : null} />
      <TextField label={side === "buy" ? t.trading.limitBuy : t.trading.limitSell} value={limit} onChange={setLimit} inputMode="decimal" unit={t.trading.unit} wrong={tried && !right.limit ? t.trading.badPrice : null} />
      <p className="soft small">{t.trading.gateHelp(f.number(gateSeconds / 60, 0))}</p>
      {side === "buy" && <p className="soft small">{t.trading.bookHeld}</p>}
      {place.error && <ErrorNotice error={place.error} />}
      <Button type="submit" look="primary" busy={place.busy}>
        {t.trading.place}
      </Button>
    </form>
  );
}

export function Orders({ next, gateSeconds }: { next: string; gateSeconds: number }) {
  const t = useText();
  const [open, setOpen] = useState(false);
  const orders = useResource("orders", (signal) => household.orders(signal), { live: true, kept: true });
  const results = useResource("order results", (signal) => household.orderResults(signal), { live: true, kept: true });
  return (
    <Card title={t.trading.orders} actions={<Button onClick={() => setOpen(true)}>{t.trading.newOrder}</Button>}>
      <Shown of={orders} empty={[(items) => items.length === 0, t.trading.noOrders]}>
        {(items) => (
          <ul className="list">
            {items.map((order) => (
              <OrderRow key={order.id} order={order} reload={orders.reload} />
            ))}
          </ul>
        )}
      </Shown>
      <h3>{t.trading.results}</h3>
      <Shown of={results} empty={[(items) => items.length === 0, t.trading.noResults]}>
        {(items) => <Results items={items} />}
      </Shown>
      <Dialog title={t.trading.newOrder} open={open} onClose={() => setOpen(false)} closeLabel={t.state.close}>
        <OrderForm
          next={next}
          gateSeconds={gateSeconds}
          done={() => {
            setOpen(false);
            orders.reload();
          }}
        />
      </Dialog>
    </Card>
  );
}
