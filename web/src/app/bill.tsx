import { useState } from "react";
import { household, shortName, type Bill, type BillLine, type Trade } from "../api/household";
import { textOf, useText } from "../i18n";
import { useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Badge, Button, Card, Notice, Tile, Tiles } from "../ui/basic";
import { Dialog } from "../ui/dialog";
import { Shown } from "../ui/state";

type LineName = "bought" | "sold" | "fromUtility" | "toUtility";
/** Which trades stand behind a line. */
const behind: Record<LineName, (trade: Trade) => boolean> = {
  bought: (trade) => trade.side === "buy" && trade.venue !== "utility",
  sold: (trade) => trade.side === "sell" && trade.venue !== "utility",
  fromUtility: (trade) => trade.side === "buy" && trade.venue === "utility",
  toUtility: (trade) => trade.side === "sell" && trade.venue === "utility",
};
const shownReasons = 500;

export function monthBefore(month: string, by: number): string {
  const [year = 1970, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

/** What two decimals on each line leave over against the exact sum. */
export function rounding(bill: Bill): number {
  const lines = [bill.bought.amount_coins, -bill.sold.amount_coins, bill.from_utility.amount_coins, -bill.to_utility.amount_coins, bill.late_from_utility.amount_coins, -bill.late_to_utility.amount_coins, bill.shortfall.amount_coins, -bill.unused.amount_coins, bill.fees_coins, bill.losses_coins];
  const cents = (value: number) => Math.round(value * 100);
  return (cents(bill.cost_coins) - lines.reduce((sum, line) => sum + cents(line), 0)) / 100;
}

function Why({ name, bill }: { name: LineName; bill: Bill }) {
  const t = useText();
  const f = useFormat();
  const trades = useResource(`why ${bill.month}`, (signal) => household.trades(bill.from, bill.to, signal));
  return (
    <Shown of={trades} rows={3} empty={[(items) => !items.some(behind[name]), t.bill.noTradesOfLine]}>
      {(items) => (
        <div className="table-box" tabIndex={0} role="region" aria-label={t.bill.why}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t.bill.slot}</th>
                <th scope="col">{t.bill.partner}</th>
                <th scope="col" className="number">
                  {t.bill.energy}
                </th>
                <th scope="col" className="number">
                  {t.bill.amount}
                </th>
                <th scope="col">{t.bill.reason}</th>
              </tr>
            </thead>
            <tbody>
              {items
                .filter(behind[name])
                .reverse()
                .slice(0, shownReasons)
                .map((trade) => (
                  <tr key={trade.id}>
                    <td>{f.dateTime(trade.slot)}</td>
                    <td>{shortName(trade.counterparty)}</td>
                    <td className="number">{f.kwh(trade.energy_kwh, 3)}</td>
                    <td className="number">
                      {f.coins(trade.amount_coins, 4)}
                      <span className="soft small" style={{ display: "block" }}>
                        {f.price(trade.price_coins_per_kwh)}
                      </span>
                    </td>
                    <td>
                      {textOf(t.bill.whyReasons, trade.why.reason)}, {trade.why.by === "order" ? t.bill.byOrder : t.bill.byCriteria}
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      )}
    </Shown>
  );
}

function Line({ label, line, sign, why }: { label: string; line: BillLine; sign: 1 | -1; why?: () => void }) {
  const t = useText();
  const f = useFormat();
  return (
    <tr>
      <th scope="row">
        {label}{" "}
        {why && line.energy_kwh > 0 && (
          <Button small look="quiet" className="no-print" onClick={why} aria-label={`${t.bill.why} ${label}`}>
            {t.bill.why}
          </Button>
        )}
      </th>
      <td className="number">{f.kwh(line.energy_kwh, 3)}</td>
      <td className="number wide-only">{line.mean_price === null ? t.state.none : f.price(line.mean_price)}</td>
      <td className="number">{f.coins(sign * line.amount_coins)}</td>
    </tr>
  );
}

function Sum({ label, amount }: { label: string; amount: number }) {
  const f = useFormat();
  return (
    <tr>
      <th scope="row">{label}</th>
      <td />
      <td className="wide-only" />
      <td className="number">{f.coins(amount)}</td>
    </tr>
  );
}

function Lines({ bill, why }: { bill: Bill; why(name: LineName): void }) {
  const t = useText();
  const f = useFormat();
  const left = rounding(bill);
  const late = bill.late_from_utility.energy_kwh > 0 || bill.late_to_utility.energy_kwh > 0;
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={t.bill.title}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t.bill.line}</th>
            <th scope="col" className="number">
              {t.bill.energy}
            </th>
            <th scope="col" className="number wide-only">
              {t.bill.mean}
            </th>
            <th scope="col" className="number">
              {t.bill.amount}
            </th>
          </tr>
        </thead>
        <tbody>
          <Line label={t.bill.bought} line={bill.bought} sign={1} why={() => why("bought")} />
          <Line label={t.bill.sold} line={bill.sold} sign={-1} why={() => why("sold")} />
          <Line label={t.bill.fromUtility} line={bill.from_utility} sign={1} why={() => why("fromUtility")} />
          <Line label={t.bill.toUtility} line={bill.to_utility} sign={-1} why={() => why("toUtility")} />
          {late && <Line label={t.bill.lateFrom} line={bill.late_from_utility} sign={1} />}
          {late && <Line label={t.bill.lateTo} line={bill.late_to_utility} sign={-1} />}
          {bill.shortfall.energy_kwh > 0 && <Line label={t.bill.shortfall} line={bill.shortfall} sign={1} />}
          {bill.unused.energy_kwh > 0 && <Line label={t.bill.unused} line={bill.unused} sign={-1} />}
          {bill.fees_coins !== 0 && <Sum label={t.bill.fees} amount={bill.fees_coins} />}
          {bill.losses_coins !== 0 && <Sum label={t.bill.losses} amount={bill.losses_coins} />}
          {left !== 0 && <Sum label={t.bill.rounding} amount={left} />}
        </tbody>
        <tfoot>
          <tr>
            <td>{bill.cost_coins < 0 ? t.bill.totalCredit : t.bill.total}</td>
            <td />
            <td className="wide-only" />
            <td className="number">{f.coins(Math.abs(bill.cost_coins))}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function BillView({ bill, why }: { bill: Bill; why(name: LineName): void }) {
  const t = useText();
  const f = useFormat();
  const share = (value: number | null) => (value === null ? t.state.none : f.percent(value));
  return (
    <div className="stack">
      <Card
        title={f.month(bill.from)}
        actions={<Badge tone={bill.final ? "good" : "warn"}>{bill.final ? t.bill.final : t.bill.provisional(f.date(bill.final_on))}</Badge>}
      >
        <Lines bill={bill} why={why} />
        <p className="soft small spaced">{t.bill.notInvoice}</p>
      </Card>
      <Tiles>
        <Tile label={t.bill.savings} value={f.coins(bill.savings_coins)} />
        <Tile label={t.bill.without} value={f.coins(bill.cost_without_market_coins)} />
        <Tile label={t.bill.selfConsumption} value={share(bill.self_consumption)} />
        <Tile label={t.bill.selfSufficiency} value={share(bill.self_sufficiency)} />
        <Tile label={t.bill.opening} value={f.coins(bill.opening_coins)} />
        <Tile label={t.bill.closing} value={f.coins(bill.closing_coins)} />
        {bill.opening_due_coins + bill.closing_due_coins > 0 && <Tile label={t.bill.dueOpening} value={f.coins(bill.opening_due_coins)} />}
        {bill.opening_due_coins + bill.closing_due_coins > 0 && <Tile label={t.bill.dueClosing} value={f.coins(bill.closing_due_coins)} />}
      </Tiles>
      <Card title={t.bill.lifetime}>
        <Tiles>
          <Tile label={t.bill.earned} value={f.coins(bill.lifetime.earned_coins)} />
          <Tile label={t.bill.renewable} value={f.kwh(bill.lifetime.bought_renewable_kwh)} />
          <Tile label={t.bill.produced} value={f.kwh(bill.lifetime.production_kwh)} />
        </Tiles>
      </Card>
      {bill.missing.length > 0 ? (
        <Notice tone="warn">
          {t.bill.missing} {bill.missing.map(({ meter, seconds }) => `${meter} (${f.duration(seconds)})`).join(", ")}
        </Notice>
      ) : (
        <p className="soft small">{t.bill.complete}</p>
      )}
      <p className="soft small">
        {t.state.settledUntil(f.dateTime(bill.settled_until))} · {t.bill.head}: <span className="mono">{bill.head}</span>
      </p>
    </div>
  );
}

export default function BillScreen() {
  const t = useText();
  const [month, setMonth] = useState<string | undefined>(undefined);
  const [why, setWhy] = useState<LineName | null>(null);
  const bill = useResource("bill " + (month ?? "now"), (signal) => household.bill(month, signal), { live: true, kept: true });
  const shown = month ?? bill.data?.month;
  const move = (by: number) => shown && setMonth(monthBefore(shown, by));
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{t.bill.title}</h1>
        <div className="row no-print">
          <Button small aria-label={t.history.previous} onClick={() => move(-1)}>
            ‹
          </Button>
          <Button small aria-label={t.history.next} onClick={() => move(1)}>
            ›
          </Button>
          <Button onClick={() => window.print()}>{t.bill.print}</Button>
        </div>
      </div>
      <Shown of={bill} rows={4} empty={[(data) => data.slots === 0, t.bill.empty]}>
        {(data) => <BillView bill={data} why={setWhy} />}
      </Shown>
      <Dialog title={why ? t.bill.whyTitle(t.bill[why]) : ""} open={why !== null} onClose={() => setWhy(null)} closeLabel={t.state.close}>
        {why && bill.data && <Why name={why} bill={bill.data} />}
      </Dialog>
    </div>
  );
}
