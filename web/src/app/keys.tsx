import { useState, type FormEvent } from "react";
import { household } from "../api/household";
import { bearer, changePassword, logOut, session } from "../api/session";
import { useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { useStore } from "../lib/store";
import { Badge, Button, Card, Notice } from "../ui/basic";
import { PasswordField, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { say } from "../ui/toast";
import { useOwnKey } from "./own-key";
import { VerifyBalances, VerifyBox } from "../verify/verify-box";

const shortestPassword = 10;

function Sessions() {
  const t = useText();
  const f = useFormat();
  const sessions = useResource("sessions", (signal) => household.sessions(signal), { live: true });
  const end = useAction(async (session: string) => {
    await household.endSession(session);
    say(t.keys.ended);
    sessions.reload();
  });
  return (
    <Card title={t.keys.sessions}>
      <Shown of={sessions}>
        {(items) => (
          <ul className="list">
            {items.map((each) => (
              <li key={each.session}>
                <span className="grow">
                  <span className="mono">{each.session.slice(0, 12)}…</span> {each.current && <Badge tone="good">{t.keys.current}</Badge>}
                  <span className="soft small" style={{ display: "block" }}>
                    {t.keys.opened} {f.dateTime(each.opened)} · {t.keys.expires} {f.dateTime(each.refresh_expires)}
                  </span>
                </span>
                <Button small busy={end.busy} onClick={() => void (each.current ? logOut() : end.run(each.session))}>
                  {t.keys.end}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Shown>
      {end.error && <ErrorNotice error={end.error} />}
    </Card>
  );
}

function KeyList() {
  const t = useText();
  const { own, forget } = useOwnKey();
  const keys = useResource("keys", (signal) => household.keys(signal), { live: true });
  return (
    <Card title={t.keys.keysTitle}>
      <Shown of={keys}>
        {(items) => (
          <ul className="list">
            {items.map(({ key, kept_by_peers }) => (
              <li key={key}>
                <span className="grow">
                  <span className="mono" title={key}>{`${key.slice(0, 16)}…`}</span>
                  <span style={{ display: "block" }}>
                    <Badge tone={kept_by_peers ? "plain" : "good"}>{kept_by_peers ? t.keys.byPeers : own?.publicKey === key ? t.ownKey.inBrowser : t.keys.byYou}</Badge>
                  </span>
                </span>
                {own?.publicKey === key && (
                  <Button small onClick={() => void forget()}>
                    {t.ownKey.forget}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <p className="soft small">
        {t.keys.keysHelp} {t.ownKey.addHelp}
      </p>
    </Card>
  );
}

function Password() {
  const t = useText();
  const [form, setForm] = useState({ login: "", old: "", next: "" });
  const [tried, setTried] = useState(false);
  const right = form.login.trim() !== "" && form.old !== "" && form.next.length >= shortestPassword;
  const change = useAction(async () => {
    await changePassword(form.login.trim(), form.old, form.next);
    setForm({ login: "", old: "", next: "" });
    setTried(false);
    say(t.keys.changed);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (right) void change.run();
  };
  const wrong = (value: string) => (tried && !value ? t.state.required : null);
  const sight = { show: t.login.show, hide: t.login.hide };
  return (
    <Card title={t.keys.password}>
      <form className="stack" onSubmit={submit} noValidate>
        <TextField label={t.keys.login} value={form.login} autoComplete="username" autoCapitalize="none" onChange={(login) => setForm({ ...form, login })} wrong={wrong(form.login)} />
        <PasswordField label={t.keys.oldPassword} value={form.old} autoComplete="current-password" onChange={(old) => setForm({ ...form, old })} wrong={wrong(form.old)} {...sight} />
        <PasswordField
          label={t.keys.newPassword}
          hint={t.welcome.passwordHint}
          value={form.next}
          autoComplete="new-password"
          onChange={(next) => setForm({ ...form, next })}
          wrong={tried && form.next.length < shortestPassword ? t.welcome.shortPassword : null}
          {...sight}
        />
        {change.error && <ErrorNotice error={change.error} />}
        <div>
          <Button type="submit" busy={change.busy}>
            {t.keys.change}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Invite() {
  const t = useText();
  const f = useFormat();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const [made, setMade] = useState<{ code: string; expires: string } | null>(null);
  const open = useResource("invitations", (signal) => household.invitations(signal), { live: true });
  const invite = useAction(async () => {
    setMade(await household.invite(login.trim(), password));
    setPassword("");
    setTried(false);
    open.reload();
  });
  const withdraw = useAction(async (invitation: string) => {
    await household.withdrawInvitation(invitation);
    open.reload();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (login.trim() && password) void invite.run();
  };
  const wrong = (value: string) => (tried && !value.trim() ? t.state.required : null);
  return (
    <Card title={t.keys.invite}>
      <form className="stack" onSubmit={submit} noValidate>
        <p className="soft small">{t.keys.inviteHelp}</p>
        <TextField label={t.keys.login} value={login} autoComplete="username" autoCapitalize="none" onChange={setLogin} wrong={wrong(login)} />
        <PasswordField label={t.login.password} value={password} autoComplete="current-password" onChange={setPassword} wrong={wrong(password)} show={t.login.show} hide={t.login.hide} />
        {invite.error && <ErrorNotice error={invite.error} />}
        <div>
          <Button type="submit" busy={invite.busy}>
            {t.keys.inviteSubmit}
          </Button>
        </div>
      </form>
      {made && (
        <Notice tone="good" live>
          {t.keys.code} <strong className="mono">{made.code}</strong>
          <p className="small">{t.keys.codeUntil(f.dateTime(made.expires))}</p>
        </Notice>
      )}
      {open.data && open.data.length > 0 && (
        <>
          <h3 className="spaced">{t.keys.invitations}</h3>
          <ul className="list">
            {open.data.map(({ invitation, expires }) => (
              <li key={invitation}>
                <span className="grow">
                  <span className="mono">{invitation.slice(0, 12)}…</span> <span className="soft small">{t.keys.codeUntil(f.dateTime(expires))}</span>
                </span>
                <Button small busy={withdraw.busy} onClick={() => void withdraw.run(invitation)}>
                  {t.keys.withdraw}
                </Button>
              </li>
            ))}
          </ul>
          {withdraw.error && <ErrorNotice error={withdraw.error} />}
        </>
      )}
    </Card>
  );
}

export default function Keys() {
  const t = useText();
  const current = useStore(session);
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{t.keys.title}</h1>
        <Button onClick={() => void logOut()}>{t.login.logout}</Button>
      </div>
      <div className="grid wide">
        <Sessions />
        <KeyList />
        <Card title={t.keys.balance}>{current && <VerifyBalances owner={current.participant} headers={bearer} />}</Card>
        <Card title={t.keys.verify}>
          <VerifyBox headers={bearer} />
        </Card>
        <Invite />
        <Password />
      </div>
    </div>
  );
}
