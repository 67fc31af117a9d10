import { useState, type FormEvent } from "react";
import { household, type PeriodName, type Statement, type Wallet } from "../api/household";
import { textOf, useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Button, Card, Notice, Segmented, Tile, Tiles } from "../ui/basic";
import { Dialog } from "../ui/dialog";
import { parseDecimal, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { say } from "../ui/toast";

type Deed = "buy" | "sell" | "fund" | "withdraw" | "toVehicle" | "fromVehicle";

function AmountForm({ deed, vehicle, currency, done }: { deed: Deed; vehicle: string; currency: string; done(): void }) {
  const t = useText();
  const [amount, setAmount] = useState("");
  const [tried, setTried] = useState(false);
  const value = parseDecimal(amount);
  const isCash = deed === "fund" || deed === "withdraw";
  const act = useAction(async (given: number) => {
    if (deed === "buy") await household.buyCoins(given);
    else if (deed === "sell") await household.sellCoins(given);
    else if (deed === "fund") await household.fund(given);
    else if (deed === "withdraw") await household.withdraw(given);
    else await household.toVehicle(vehicle, given, deed === "toVehicle" ? "to_vehicle" : "from_vehicle");
    say(isCash ? t.wallet.asked : t.wallet.done);
    done();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (value !== null && value > 0) void act.run(value);
  };
  const help = { buy: t.wallet.buyHelp, sell: t.wallet.sellHelp, fund: t.wallet.fundHelp, withdraw: t.wallet.withdrawHelp, toVehicle: vehicle, fromVehicle: vehicle }[deed];
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <p className="soft">{help}</p>
      <TextField
        label={isCash ? t.wallet.amountCash : t.wallet.amountCoins}
        unit={isCash ? currency : t.wallet.coins.toLowerCase()}
        inputMode="decimal"
        value={amount}
        onChange={setAmount}
        wrong={tried && !(value !== null && value > 0) ? t.wallet.badAmount : null}
      />
      {act.error && <ErrorNotice error={act.error} />}
      <Button type="submit" look="primary" busy={act.busy}>
        {t.wallet[deed]}
      </Button>
    </form>
  );
}

function Balances({ wallet, act }: { wallet: Wallet; act(deed: Deed, vehicle?: string): void }) {
  const t = useText();
  const f = useFormat();
  const held = [wallet.held.coins > 0 ? f.coins(wallet.held.coins) : "", ...wallet.held.cash.filter(({ amount }) => amount > 0).map(({ amount, currency }) => f.cash(amount, currency))].filter(Boolean);
  return (
    <div className="grid">
      <Card title={t.wallet.coins}>
        <p className="balance number">{f.coins(wallet.coins)}</p>
        {wallet.due_coins > 0 && (
          <Notice tone="warn">
            {t.wallet.due}: <strong>{f.coins(wallet.due_coins)}</strong>
          </Notice>
        )}
        <div className="row">
          <Button look="primary" onClick={() => act("buy")}>
            {t.wallet.buy}
          </Button>
          <Button onClick={() => act("sell")}>{t.wallet.sell}</Button>
        </div>
      </Card>
      <Card title={t.wallet.cash}>
        {wallet.cash.length === 0 && <p className="balance number">{f.cash(0, "EUR")}</p>}
        {wallet.cash.map(({ currency, amount }) => (
          <p key={currency} className="balance number">
            {f.cash(amount, currency)}
          </p>
        ))}
        <div className="row">
          <Button look="primary" onClick={() => act("fund")}>
            {t.wallet.fund}
          </Button>
          <Button onClick={() => act("withdraw")}>{t.wallet.withdraw}</Button>
        </div>
      </Card>
      <Card>
        <Tiles>
          <Tile label={t.wallet.energy} value={f.kwh(wallet.energy_kwh, 3)} />
          <Tile label={t.wallet.held} value={held.length > 0 ? held.join(", ") : t.state.none} hint={t.wallet.heldHelp} />
        </Tiles>
        <h3 className="spaced">{t.wallet.vehicles}</h3>
        {wallet.vehicles.length === 0 && <p className="soft">{t.wallet.noVehicles}</p>}
        <ul className="list">
          {wallet.vehicles.map(({ id, coins }) => (
            <li key={id}>
              <span className="grow">
                {id}
                <span className="soft small number" style={{ display: "block" }}>
                  {f.coins(coins)}
                </span>
              </span>
              <Button small onClick={() => act("toVehicle", id)}>
                {t.wallet.toVehicle}
              </Button>
              <Button small onClick={() => act("fromVehicle", id)}>
                {t.wallet.fromVehicle}
              </Button>
            </li>
          ))}
        </ul>
      </Card>
    </div>
  );
}

function StatementView({ statement }: { statement: Statement }) {
  const t = useText();
  const f = useFormat();
  const accounts = statement.accounts.filter(({ asset, income, outgoings }) => asset !== "EN" && income.length + outgoings.length > 0);
  if (accounts.length === 0) return <p className="soft">{t.wallet.noMovements}</p>;
  return (
    <div className="stack">
      {accounts.map((account) => {
        const money = (value: number) => (account.currency ? f.cash(value, account.currency) : f.coins(value));
        const lines = (title: string, kinds: { kind: string; amount: number }[], total: number) => (
          <div className="stack-small">
            <h4 className="row between">
              <span>{title}</span>
              <span className="number">{money(total)}</span>
            </h4>
            <ul className="list">
              {kinds.map(({ kind, amount }) => (
                <li key={kind}>
                  <span>{textOf(t.wallet.kinds, kind)}</span>
                  <span className="number">{money(amount)}</span>
                </li>
              ))}
            </ul>
          </div>
        );
        return (
          <section key={account.asset + account.currency + account.name} className="stack-small">
            <h3>{account.asset === "CO" ? t.wallet.coins : account.currency ? `${t.wallet.cash} (${account.currency})` : account.asset === "due" ? t.wallet.due : account.asset}</h3>
            <p className="soft small">
              {t.wallet.opening}: {money(account.opening)} · {t.wallet.closing}: {money(account.closing)}
            </p>
            <div className="grid">
              {lines(t.wallet.income, account.income, account.income_total)}
              {lines(t.wallet.outgoings, account.outgoings, account.outgoings_total)}
            </div>
          </section>
        );
      })}
    </div>
  );
}

function Requests({ reloadWallet }: { reloadWallet(): void }) {
  const t = useText();
  const f = useFormat();
  const requests = useResource("cash requests", (signal) => household.cashRequests(signal), { live: true, kept: true });
  const back = useAction(async (id: string) => {
    await household.takeBack(id);
    say(t.wallet.takenBack);
    requests.reload();
    reloadWallet();
  });
  if (!requests.data || requests.data.length === 0) return null;
  return (
    <Card title={t.wallet.requests}>
      <ul className="list">
        {requests.data.map((request) => (
          <li key={request.id}>
            <span className="grow">
              {textOf(t.wallet.requestKinds, request.kind)}: {f.cash(request.cash, request.currency)}
              <span className="soft small" style={{ display: "block" }}>
                {f.dateTime(request.made)}
              </span>
            </span>
            <Button small busy={back.busy} onClick={() => void back.run(request.id)}>
              {t.wallet.takeBack}
            </Button>
          </li>
        ))}
      </ul>
      {back.error && <ErrorNotice error={back.error} />}
    </Card>
  );
}

export default function WalletScreen() {
  const t = useText();
  const [period, setPeriod] = useState<PeriodName>("day");
  const [deed, setDeed] = useState<{ deed: Deed; vehicle: string } | null>(null);
  const wallet = useResource("wallet", (signal) => household.wallet(signal), { live: true, kept: true });
  const statement = useResource("statement " + period, (signal) => household.statement(period, signal), { live: true, kept: true });
  const currency = wallet.data?.cash[0]?.currency ?? "EUR";
  return (
    <div className="stack">
      <h1>{t.wallet.title}</h1>
      <Shown of={wallet} rows={2}>
        {(data) => <Balances wallet={data} act={(next, vehicle = "") => setDeed({ deed: next, vehicle })} />}
      </Shown>
      <Requests reloadWallet={wallet.reload} />
      <Card
        title={t.wallet.statement}
        actions={
          <Segmented
            label={t.history.period}
            value={period}
            options={[
              ["day", t.history.day],
              ["week", t.history.week],
              ["month", t.history.month],
            ]}
            onChange={setPeriod}
          />
        }
      >
        <Shown of={statement}>{(data) => <StatementView statement={data} />}</Shown>
      </Card>
      <Card>
        <details>
          <summary>{t.wallet.help}</summary>
          <div className="stack-small">
            {t.wallet.helpText.map((text) => (
              <p key={text}>{text}</p>
            ))}
          </div>
        </details>
      </Card>
      <Dialog title={deed ? t.wallet[deed.deed] : ""} open={deed !== null} onClose={() => setDeed(null)} closeLabel={t.state.close}>
        {deed && (
          <AmountForm
            deed={deed.deed}
            vehicle={deed.vehicle}
            currency={currency}
            done={() => {
              setDeed(null);
              wallet.reload();
              statement.reload();
            }}
          />
        )}
      </Dialog>
    </div>
  );
}
