import { useState, type FormEvent } from "react";
import { operator, refOf } from "../api/operator";
import { useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Button, Card, Notice, Segmented } from "../ui/basic";
import { parseDecimal, SelectField, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { deeds, hasSecond, mayBegin, mayFollow, payloadOf, shortageOf, type Deed, type DeedForm } from "./deeds";
import { useConsoleText } from "./i18n";
import { nameOf, useParticipants, type Row } from "./participants";

const empty = (deed: Deed): DeedForm => ({ deed, first: "", second: "", buysCoins: true, amount: "", rate: "0.1629" });

function useBalanceText() {
  const c = useConsoleText();
  const f = useFormat();
  return (row: Row) => {
    const parts = [row.energy === null ? "" : f.kwh(row.energy, 3), row.coins === null ? "" : f.coins(row.coins), ...row.cash.map(({ amount, currency }) => f.cash(amount, currency))];
    return c.create.has(parts.filter(Boolean).join(", ") || "–");
  };
}

function DeedFields({ form, rows, tried, currency, onChange }: { form: DeedForm; rows: Row[]; tried: boolean; currency: string; onChange(form: DeedForm): void }) {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  const balance = useBalanceText();
  const { deed } = form;
  const find = (ref: string) => rows.find(({ participant }) => refOf(participant) === ref);
  const first = find(form.first);
  const second = find(form.second);
  const option = (row: Row) => [refOf(row.participant), `${row.participant.id}${nameOf(row) ? ` (${nameOf(row)})` : ""}`] as const;
  const firsts = rows.filter((row) => mayBegin(deed, row));
  const seconds = rows.filter((row) => mayFollow(deed, first, row));
  const labels = { energy: [c.create.seller, c.create.buyer], exchange: [c.create.resident, c.create.bank], vehicle: [c.create.from, c.create.to], fund: [c.create.resident, ""], withdraw: [c.create.resident, ""] }[deed];
  const amount = parseDecimal(form.amount);
  const rate = parseDecimal(form.rate);
  const badAmount = amount === null || amount <= 0;
  const badRate = rate === null || rate < 0;
  const shortage = first && !badAmount && (!hasSecond(deed) || second) ? shortageOf(form, first, second, amount, rate ?? 0, currency) : null;
  const isCash = deed === "fund" || deed === "withdraw" || deed === "exchange";
  return (
    <>
      <SelectField label={labels[0] ?? ""} value={form.first} empty={c.create.choose} options={firsts.map(option)} hint={first && balance(first)} wrong={tried && !first ? t.state.required : null} onChange={(ref) => onChange({ ...form, first: ref, second: "" })} />
      {hasSecond(deed) && (
        <SelectField label={labels[1] ?? ""} value={form.second} empty={c.create.choose} options={seconds.map(option)} disabled={!first} hint={second && balance(second)} wrong={tried && !second ? t.state.required : null} onChange={(ref) => onChange({ ...form, second: ref })} />
      )}
      {deed === "exchange" && (
        <div className="field">
          <span className="label">{c.create.direction}</span>
          <Segmented
            label={c.create.direction}
            value={form.buysCoins ? "buys" : "sells"}
            options={[
              ["buys", c.create.buys],
              ["sells", c.create.sells],
            ]}
            onChange={(next) => onChange({ ...form, buysCoins: next === "buys" })}
          />
        </div>
      )}
      <TextField
        label={deed === "energy" ? c.create.energy : isCash ? `${c.create.cash} (${currency})` : c.create.coins}
        inputMode="decimal"
        value={form.amount}
        wrong={tried && badAmount ? c.create.badAmount : shortage ? c.create[shortage] : null}
        onChange={(value) => onChange({ ...form, amount: value })}
      />
      {deed === "energy" && <TextField label={c.create.rate} inputMode="decimal" value={form.rate} wrong={tried && badRate ? c.create.badRate : null} onChange={(value) => onChange({ ...form, rate: value })} />}
      {deed === "energy" && !badAmount && !badRate && <p className="soft">{c.create.cost(f.coins(amount * rate, 4))}</p>}
    </>
  );
}

function isReady(form: DeedForm, rows: Row[], currency: string): boolean {
  const find = (ref: string) => rows.find(({ participant }) => refOf(participant) === ref);
  const [first, second] = [find(form.first), find(form.second)];
  const amount = parseDecimal(form.amount);
  const rate = form.deed === "energy" ? parseDecimal(form.rate) : 0;
  if (!first || (hasSecond(form.deed) && !second) || amount === null || amount <= 0 || rate === null || rate < 0) return false;
  return shortageOf(form, first, second, amount, rate, currency) === null;
}

export default function Create() {
  const c = useConsoleText();
  const [form, setForm] = useState<DeedForm | null>(null);
  const [tried, setTried] = useState(false);
  const [done, setDone] = useState<string | null>(null);
  const all = useParticipants();
  const parameters = useResource("op parameters", (signal) => operator.parameters(signal));
  const currency = String(parameters.data?.currency ?? "EUR");
  const execute = useAction(async (given: DeedForm) => {
    const plain = (text: string) => String(parseDecimal(text) ?? 0);
    const answer = await operator.transact(payloadOf(given, plain(given.amount), plain(given.rate), currency));
    setDone(answer.transaction);
    setTried(false);
    all.reload();
  });
  const choose = (deed: Deed) => {
    setForm(empty(deed));
    setTried(false);
    setDone(null);
    execute.clear();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (form && all.data && isReady(form, all.data, currency)) void execute.run(form);
  };
  return (
    <div className="stack">
      <h1>{c.nav.create}</h1>
      <p className="soft">{c.create.lead}</p>
      <div className="kind-choice" role="group" aria-label={c.nav.create}>
        {deeds.map((deed) => (
          <button key={deed} type="button" aria-pressed={form?.deed === deed} onClick={() => choose(deed)}>
            <strong>{c.create.kinds[deed]}</strong>
            <span className="soft small">{c.create.kindHelp[deed]}</span>
          </button>
        ))}
      </div>
      {done && (
        <Notice tone="good" live>
          <strong>{c.create.done}</strong>
          <p>
            {c.create.id}:{" "}
            <Link className="mono" to={`/console/transactions/${done}`}>
              {done}
            </Link>
          </p>
          <Button small onClick={() => form && choose(form.deed)}>
            {c.create.again}
          </Button>
        </Notice>
      )}
      {form && !done && (
        <Card title={c.create.kinds[form.deed]}>
          <Shown of={all} rows={2}>
            {(rows) => (
              <form className="stack" onSubmit={submit} noValidate>
                <DeedFields form={form} rows={rows} tried={tried} currency={currency} onChange={setForm} />
                {execute.error && <ErrorNotice error={execute.error} />}
                <div>
                  <Button type="submit" look="primary" busy={execute.busy}>
                    {execute.busy ? c.create.executing : c.create.execute}
                  </Button>
                </div>
              </form>
            )}
          </Shown>
        </Card>
      )}
    </div>
  );
}
