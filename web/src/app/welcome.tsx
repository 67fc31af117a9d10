import { useState, type FormEvent } from "react";
import { acceptInvitation } from "../api/session";
import { useText } from "../i18n";
import { useAction } from "../lib/resource";
import { Link, navigate } from "../lib/router";
import { Button } from "../ui/basic";
import { PasswordField, TextField } from "../ui/form";
import { ErrorNotice } from "../ui/state";

const codeDigits = 20;
const shortestPassword = 10;

export default function Welcome() {
  const t = useText();
  const [code, setCode] = useState("");
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const plain = code.replace(/[^0-9A-Za-z]/g, "");
  const wrong = {
    code: plain.length === codeDigits ? null : t.welcome.badCode,
    login: /^\S{3,64}$/.test(login) ? null : t.state.required,
    password: password.length >= shortestPassword ? null : t.welcome.shortPassword,
  };
  const action = useAction(async () => {
    await acceptInvitation(code.trim(), login, password);
    navigate("/", true);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!wrong.code && !wrong.login && !wrong.password) void action.run();
  };
  const told = (what: keyof typeof wrong) => (tried ? wrong[what] : null);
  return (
    <div className="narrow stack login">
      <h1>{t.welcome.title}</h1>
      <p className="soft">{t.welcome.lead}</p>
      <form className="card stack" onSubmit={submit} noValidate>
        <TextField label={t.welcome.code} value={code} onChange={setCode} autoCapitalize="characters" autoComplete="one-time-code" wrong={told("code")} />
        <TextField label={t.welcome.name} value={login} onChange={setLogin} autoComplete="username" autoCapitalize="none" wrong={told("login")} />
        <PasswordField label={t.welcome.password} hint={t.welcome.passwordHint} value={password} onChange={setPassword} autoComplete="new-password" wrong={told("password")} show={t.login.show} hide={t.login.hide} />
        {action.error && <ErrorNotice error={action.error} />}
        <Button type="submit" look="primary" busy={action.busy}>
          {t.welcome.submit}
        </Button>
      </form>
      <Link to="/">{t.welcome.toLogin}</Link>
    </div>
  );
}
