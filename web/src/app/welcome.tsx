import { useEffect, useState, type FormEvent } from "react";
import { acceptWithOwnKey } from "../api/own-key";
import { acceptInvitation, session } from "../api/session";
import { useText } from "../i18n";
import { useAction } from "../lib/resource";
import { Link, navigate } from "../lib/router";
import { useStore } from "../lib/store";
import type { OwnKey } from "../lib/key-store";
import { Button, Segmented } from "../ui/basic";
import { PasswordField, TextField } from "../ui/form";
import { ErrorNotice } from "../ui/state";
import { BackupCard, useCanSign } from "./own-key";

const codeDigits = 20;
const shortestPassword = 10;

/** The session is open: to the first screen. */
function Gone() {
  useEffect(() => navigate("/", true), []);
  return null;
}

export default function Welcome() {
  const t = useText();
  const [code, setCode] = useState("");
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [how, setHow] = useState<"password" | "key">("password");
  const [made, setMade] = useState<{ key: OwnKey; backup: string } | null>(null);
  const [tried, setTried] = useState(false);
  const can = useCanSign();
  const byKey = how === "key";
  const plain = code.replace(/[^0-9A-Za-z]/g, "");
  const wrong = {
    code: plain.length === codeDigits ? null : t.welcome.badCode,
    login: byKey || /^\S{3,64}$/.test(login) ? null : t.state.required,
    password: byKey || password.length >= shortestPassword ? null : t.welcome.shortPassword,
  };
  const action = useAction(async () => {
    if (byKey) return setMade(await acceptWithOwnKey(code.trim()));
    await acceptInvitation(code.trim(), login, password);
    navigate("/", true);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!wrong.code && !wrong.login && !wrong.password) void action.run();
  };
  const current = useStore(session);
  if (made) {
    if (current) return <Gone />;
    return (
      <div className="narrow stack login">
        <h1>{t.welcome.title}</h1>
        <BackupCard made={made.key} backup={made.backup} />
      </div>
    );
  }
  const told = (what: keyof typeof wrong) => (tried ? wrong[what] : null);
  return (
    <div className="narrow stack login">
      <h1>{t.welcome.title}</h1>
      <p className="soft">{t.welcome.lead}</p>
      <form className="card stack" onSubmit={submit} noValidate>
        <TextField label={t.welcome.code} value={code} onChange={setCode} autoCapitalize="characters" autoComplete="one-time-code" wrong={told("code")} />
        <Segmented
          label={t.ownKey.how}
          value={how}
          options={[
            ["password", t.ownKey.byPassword],
            ["key", t.ownKey.byKey],
          ]}
          onChange={setHow}
        />
        {byKey ? (
          <p className="soft small">{can ? t.ownKey.keyHelp : t.ownKey.cannot}</p>
        ) : (
          <>
            <TextField label={t.welcome.name} value={login} onChange={setLogin} autoComplete="username" autoCapitalize="none" wrong={told("login")} />
            <PasswordField label={t.welcome.password} hint={t.welcome.passwordHint} value={password} onChange={setPassword} autoComplete="new-password" wrong={told("password")} show={t.login.show} hide={t.login.hide} />
          </>
        )}
        {action.error && <ErrorNotice error={action.error} />}
        <Button type="submit" look="primary" busy={action.busy} disabled={byKey && !can}>
          {t.welcome.submit}
        </Button>
      </form>
      <Link to="/">{t.welcome.toLogin}</Link>
    </div>
  );
}
