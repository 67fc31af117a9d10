import { useState, type FormEvent } from "react";
import { logIn } from "../api/session";
import { useText } from "../i18n";
import { useAction } from "../lib/resource";
import { Link } from "../lib/router";
import { Button } from "../ui/basic";
import { PasswordField, TextField } from "../ui/form";
import { ErrorNotice } from "../ui/state";
import { Logo } from "../ui/icons";
import { OwnKeyLogin } from "./own-key";

export function LoginScreen() {
  const t = useText();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const action = useAction(logIn);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (login.trim() && password) void action.run(login.trim(), password);
  };
  const wrong = (value: string) => (tried && !value.trim() ? t.state.required : null);
  return (
    <div className="narrow stack login">
      <div className="stack-small login-head">
        <Logo size={64} />
        <h1>{t.login.title}</h1>
        <p className="soft">{t.login.lead}</p>
      </div>
      <form className="card stack" onSubmit={submit} noValidate>
        <TextField label={t.login.name} value={login} onChange={setLogin} autoComplete="username" autoCapitalize="none" wrong={wrong(login)} />
        <PasswordField label={t.login.password} value={password} onChange={setPassword} autoComplete="current-password" wrong={wrong(password)} show={t.login.show} hide={t.login.hide} />
        {action.error && <ErrorNotice error={action.error} />}
        <Button type="submit" look="primary" busy={action.busy}>
          {action.busy ? t.login.busy : t.login.submit}
        </Button>
      </form>
      <OwnKeyLogin />
      <p className="row between">
        <Link to="/welcome">{t.login.invited}</Link>
        <Link to="/about">{t.login.about}</Link>
      </p>
    </div>
  );
}
