import { useEffect, useState, type FormEvent } from "react";
import { household, type Preferences, type RankingDisplay } from "../api/household";
import { session } from "../api/session";
import { useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { language, theme, useFormat } from "../lib/settings";
import { useStore } from "../lib/store";
import { Button, Card, Segmented } from "../ui/basic";
import { parseDecimal, SelectField, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { say } from "../ui/toast";

function Device() {
  const t = useText();
  return (
    <Card title={t.settings.device}>
      <div className="stack">
        <div className="field">
          <span className="label">{t.settings.language}</span>
          <Segmented
            label={t.settings.language}
            value={useStore(language)}
            options={[
              ["pt", t.language.pt],
              ["en", t.language.en],
            ]}
            onChange={(next) => language.set(next)}
          />
        </div>
        <div className="field">
          <span className="label">{t.settings.theme}</span>
          <Segmented
            label={t.settings.theme}
            value={useStore(theme)}
            options={[
              ["auto", t.settings.themes.auto],
              ["light", t.settings.themes.light],
              ["dark", t.settings.themes.dark],
            ]}
            onChange={(next) => theme.set(next)}
          />
        </div>
        <p className="soft small">
          {t.settings.participant}: <span className="mono">{useStore(session)?.participant}</span>
        </p>
      </div>
    </Card>
  );
}

function PreferencesForm({ kept, reload }: { kept: Preferences; reload(): void }) {
  const t = useText();
  const f = useFormat();
  const text = (value: number) => String(value).replace(".", f.locale === "pt-PT" ? "," : ".");
  const [form, setForm] = useState({ ranking: kept.ranking, low: text(kept.low_balance_coins), below: text(kept.top_up_below_coins), amount: text(kept.top_up_amount_coins) });
  const [tried, setTried] = useState(false);
  const low = parseDecimal(form.low);
  const below = parseDecimal(form.below);
  const amount = parseDecimal(form.amount);
  const isAmount = (value: number | null): value is number => value !== null && value >= 0;
  const paired = (below === 0) === (amount === 0);
  const save = useAction(async () => {
    await household.setPreferences({ ranking: form.ranking, low_balance_coins: low ?? 0, top_up_below_coins: below ?? 0, top_up_amount_coins: amount ?? 0 });
    setTried(false);
    say(t.state.saved);
    reload();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (isAmount(low) && isAmount(below) && isAmount(amount) && paired) void save.run();
  };
  const wrong = (value: number | null) => (tried && !isAmount(value) ? t.settings.badAmount : null);
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <SelectField
        label={t.settings.ranking}
        value={form.ranking}
        options={[
          ["anonymous", t.settings.displays.anonymous],
          ["named", t.settings.displays.named],
          ["hidden", t.settings.displays.hidden],
        ]}
        onChange={(ranking) => setForm({ ...form, ranking: ranking as RankingDisplay })}
      />
      <TextField label={t.settings.lowBalance} inputMode="decimal" value={form.low} wrong={wrong(low)} onChange={(next) => setForm({ ...form, low: next })} />
      <TextField label={t.settings.topUpBelow} inputMode="decimal" value={form.below} wrong={wrong(below)} onChange={(next) => setForm({ ...form, below: next })} />
      <TextField label={t.settings.topUpAmount} inputMode="decimal" value={form.amount} wrong={wrong(amount) ?? (tried && !paired ? t.settings.topUpPair : null)} onChange={(next) => setForm({ ...form, amount: next })} />
      {save.error && <ErrorNotice error={save.error} />}
      <div>
        <Button type="submit" look="primary" busy={save.busy}>
          {t.state.save}
        </Button>
      </div>
    </form>
  );
}

function Names() {
  const t = useText();
  const me = useResource("me", (signal) => household.me(signal));
  const [form, setForm] = useState({ first_name: "", last_name: "", email: "" });
  const profile = me.data?.profile;
  useEffect(() => {
    if (profile) setForm({ first_name: profile.first_name, last_name: profile.last_name, email: profile.email });
  }, [profile]);
  const save = useAction(async () => {
    await household.setNames(form);
    say(t.state.saved);
    me.reload();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save.run();
  };
  return (
    <Card title={t.settings.you}>
      <Shown of={me} rows={2}>
        {() => (
          <form className="stack" onSubmit={submit}>
            <TextField label={t.settings.firstName} value={form.first_name} autoComplete="given-name" onChange={(first_name) => setForm({ ...form, first_name })} />
            <TextField label={t.settings.lastName} value={form.last_name} autoComplete="family-name" onChange={(last_name) => setForm({ ...form, last_name })} />
            <TextField label={t.settings.email} value={form.email} type="email" autoComplete="email" onChange={(email) => setForm({ ...form, email })} />
            <p className="soft small">{t.settings.namesHelp}</p>
            {save.error && <ErrorNotice error={save.error} />}
            <div>
              <Button type="submit" busy={save.busy}>
                {t.state.save}
              </Button>
            </div>
          </form>
        )}
      </Shown>
    </Card>
  );
}

export default function Settings() {
  const t = useText();
  const preferences = useResource("preferences", (signal) => household.preferences(signal));
  return (
    <div className="stack">
      <h1>{t.settings.title}</h1>
      <div className="grid wide">
        <Device />
        <Card title={t.settings.preferences}>
          <Shown of={preferences} rows={2}>
            {(kept) => <PreferencesForm kept={kept} reload={preferences.reload} />}
          </Shown>
        </Card>
        <Names />
      </div>
    </div>
  );
}
