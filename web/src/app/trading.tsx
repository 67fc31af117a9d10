import { useEffect, useMemo, useState, type FormEvent } from "react";
import { household, shortName, type Criteria, type History, type Neighbour } from "../api/household";
import { textOf, useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Button, Card, Notice, Segmented, Switch, Tile, Tiles } from "../ui/basic";
import { Check, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { say } from "../ui/toast";
import { Orders } from "./orders";
import { formOf, isReserve, limitOf, rulesOf, wrongOfSide, type PriceMode, type RulesForm, type SideForm } from "./rules";
import { Windows } from "./windows";

const mostReserveKwh = 15;

interface SideProps {
  selling: boolean;
  form: SideForm;
  automatic: boolean;
  tried: boolean;
  criteria: Criteria;
  registered: number | null;
  week: History | null;
  neighbours: Neighbour[];
  onChange(form: SideForm): void;
}

function Effect({ selling, form, automatic, criteria, registered, week }: SideProps) {
  const t = useText();
  const f = useFormat();
  const { effect } = criteria;
  const limit = limitOf(form, automatic, selling, effect, registered);
  if (!form.enabled) return <Notice>{selling ? t.trading.effectSellOff : t.trading.effectBuyOff}</Notice>;
  if (limit === null || effect.tariff_coins_per_kwh === null) return null;
  const reference = selling ? (effect.feed_in_coins_per_kwh ?? 0) : effect.tariff_coins_per_kwh;
  const gain = selling ? limit - reference : reference - limit;
  const signed = (value: number, text: (amount: number) => string) => (value < 0 ? "−" : "+") + text(Math.abs(value));
  const energy = week ? (selling ? week.total.exported_kwh : week.total.imported_kwh) : 0;
  const price = f.price(limit);
  return (
    <Notice tone={gain >= 0 ? "good" : "warn"}>
      <p>{selling ? t.trading.effectSell(price, signed(gain, f.price)) : t.trading.effectBuy(price, signed(gain, f.price))}</p>
      {energy > 0 && gain > 0 && <p>{t.trading.effectWeek(f.kwh(energy, 1), signed(gain * energy, (value) => f.coins(value)))}</p>}
      {selling && gain < 0 && <p>{t.trading.belowFeedIn}</p>}
      {!selling && gain < 0 && <p>{t.trading.aboveTariff}</p>}
    </Notice>
  );
}

function Partners({ form, neighbours, onChange }: Pick<SideProps, "form" | "neighbours" | "onChange">) {
  const t = useText();
  const toggle = (id: string, chosen: boolean) => onChange({ ...form, partners: chosen ? [...form.partners, id] : form.partners.filter((other) => other !== id) });
  return (
    <details>
      <summary>
        {t.trading.partners}: {form.partners.length === 0 ? t.trading.anyone : t.trading.chosen(form.partners.length)}
      </summary>
      <div className="partner-list">
        {neighbours
          .filter(({ type }) => type !== "UtilityCompany")
          .map(({ id, alias }) => (
            <Check key={id} label={alias ?? shortName(id)} checked={form.partners.includes(id)} onChange={(chosen) => toggle(id, chosen)} />
          ))}
      </div>
    </details>
  );
}

function SideCard(props: SideProps) {
  const t = useText();
  const { selling, form, automatic, tried, onChange } = props;
  const wrong = tried ? wrongOfSide(form) : [];
  const modes: [PriceMode, string][] = [
    ["registry", t.trading.modes.registry],
    ["fixed", t.trading.modes.fixed],
    ["tariff", t.trading.modes.tariff],
  ];
  return (
    <Card title={selling ? t.trading.sell : t.trading.buy}>
      <div className="stack">
        <Switch label={selling ? t.trading.sellOn : t.trading.buyOn} checked={form.enabled} onChange={(enabled) => onChange({ ...form, enabled })} />
        {form.enabled && !automatic && (
          <>
            <div className="field">
              <span className="label">{t.trading.priceMode}</span>
              <Segmented label={t.trading.priceMode} value={form.mode} options={modes} onChange={(mode) => onChange({ ...form, mode })} />
            </div>
            {form.mode === "fixed" && (
              <TextField label={selling ? t.trading.fixedSell : t.trading.fixedBuy} unit={t.trading.unit} inputMode="decimal" value={form.price} wrong={wrong.includes("price") ? t.trading.badPrice : null} onChange={(price) => onChange({ ...form, price })} />
            )}
            {form.mode === "tariff" && (
              <TextField label={t.trading.offset} unit={t.trading.unit} value={form.offset} wrong={wrong.includes("offset") ? t.trading.badOffset : null} onChange={(offset) => onChange({ ...form, offset })} />
            )}
          </>
        )}
        <Effect {...props} />
        {form.enabled && (
          <>
            <Windows windows={form.windows} wrong={wrong.includes("windows")} onChange={(windows) => onChange({ ...form, windows })} />
            <Partners form={form} neighbours={props.neighbours} onChange={onChange} />
          </>
        )}
      </div>
    </Card>
  );
}

function Reserve({ form, wrong, onChange }: { form: RulesForm; wrong: boolean; onChange(reserve: string): void }) {
  const t = useText();
  const value = Number(form.reserve.replace(",", ".")) || 0;
  return (
    <div className="stack-small">
      <TextField label={t.trading.battery} hint={t.trading.batteryHelp} unit="kWh" inputMode="decimal" value={form.reserve} wrong={wrong ? t.trading.badReserve : null} onChange={onChange} />
      <input className="slider" type="range" min={0} max={mostReserveKwh} step={0.5} value={Math.min(value, mostReserveKwh)} aria-label={t.trading.battery} aria-valuetext={`${value} kWh`} onChange={(event) => onChange(event.target.value)} />
    </div>
  );
}

function RulesEditor({ criteria, reload }: { criteria: Criteria; reload(): void }) {
  const t = useText();
  const f = useFormat();
  const decimal = f.locale === "pt-PT" ? "," : ".";
  const kept = useMemo(() => formOf(criteria, decimal), [criteria, decimal]);
  const [form, setForm] = useState(kept);
  const [tried, setTried] = useState(false);
  const [touched, setTouched] = useState(false);
  const me = useResource("me", (signal) => household.me(signal));
  const week = useResource("history week now", (signal) => household.history("week", undefined, signal));
  const neighbours = useResource("neighbours", (signal) => household.neighbours(signal));
  // What a block brings never overwrites what somebody is typing.
  useEffect(() => {
    if (!touched) setForm(kept);
  }, [kept, touched]);
  const change = (part: Partial<RulesForm>) => {
    setTouched(true);
    setForm({ ...form, ...part });
  };
  const save = useAction(async () => {
    const answer = await household.setCriteria(rulesOf(form));
    setTouched(false);
    setTried(false);
    reload();
    say(t.trading.savedFrom(f.time(answer.criteria.counts_from)));
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    const right = wrongOfSide(form.sell).length + wrongOfSide(form.buy).length === 0 && isReserve(form.reserve);
    if (right) void save.run();
  };
  const shared = { automatic: form.automatic, tried, criteria, week: week.data, neighbours: neighbours.data ?? [] };
  const rate = (text: string | undefined) => (text === undefined ? null : Number(text));
  return (
    <form className="stack" onSubmit={submit} noValidate>
      {!criteria.in_force && <Notice>{t.trading.pending(f.dateTime(criteria.counts_from))}</Notice>}
      <Card>
        <Switch label={t.trading.automatic} hint={t.trading.automaticHelp} checked={form.automatic} onChange={(automatic) => change({ automatic })} />
      </Card>
      <div className="grid">
        <SideCard {...shared} selling form={form.sell} registered={rate(me.data?.sell_rate)} onChange={(sell) => change({ sell })} />
        <SideCard {...shared} selling={false} form={form.buy} registered={rate(me.data?.buy_rate)} onChange={(buy) => change({ buy })} />
        <Card>
          <div className="stack">
            <Reserve form={form} wrong={tried && !isReserve(form.reserve)} onChange={(reserve) => change({ reserve })} />
            <Switch label={t.trading.green} checked={form.onlyRenewable} onChange={(onlyRenewable) => change({ onlyRenewable })} />
            <Switch label={t.trading.payMore} checked={form.payMore} onChange={(payMore) => change({ payMore })} />
          </div>
        </Card>
      </div>
      {save.error && <ErrorNotice error={save.error} />}
      {touched && (
        <div className="row end save-bar">
          <Button
            onClick={() => {
              setTouched(false);
              setTried(false);
              save.clear();
            }}
          >
            {t.trading.reset}
          </Button>
          <Button type="submit" look="primary" busy={save.busy}>
            {save.busy ? t.state.saving : t.trading.save}
          </Button>
        </div>
      )}
    </form>
  );
}

export default function Trading() {
  const t = useText();
  const f = useFormat();
  const slot = useResource("slot", (signal) => household.slot(signal), { live: true, kept: true });
  const criteria = useResource("criteria", (signal) => household.criteria(signal), { live: true, kept: true });
  return (
    <div className="stack">
      <h1>{t.trading.title}</h1>
      <Card title={t.trading.slot} actions={slot.data && <span className="soft">{`${f.time(slot.data.start)} – ${f.time(slot.data.end)}`}</span>}>
        <Shown of={slot}>
          {(now) => (
            <Tiles>
              <Tile label={t.home.indicative} value={now.indicative_price_coins_per_kwh === null ? t.home.noPrice : f.price(now.indicative_price_coins_per_kwh)} />
              <Tile label={t.home.tariff} value={now.tariff_coins_per_kwh === null ? t.state.none : f.price(now.tariff_coins_per_kwh)} />
              <Tile label={t.home.feedIn} value={now.feed_in_coins_per_kwh === null ? t.state.none : f.price(now.feed_in_coins_per_kwh)} />
              <Tile label={t.trading.rule} value={textOf(t.trading.rules, now.rule)} />
            </Tiles>
          )}
        </Shown>
      </Card>
      <Shown of={criteria} rows={3}>
        {(data) => <RulesEditor criteria={data} reload={criteria.reload} />}
      </Shown>
      {slot.data && <Orders next={slot.data.next_order_slot} gateSeconds={slot.data.gate_closure_seconds} />}
    </div>
  );
}
