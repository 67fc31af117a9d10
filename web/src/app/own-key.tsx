// The household's own key on screens: the line to keep, logging in with it, putting it into another browser.
import { useEffect, useState, type FormEvent } from "react";
import { shortName } from "../api/household";
import { logInWith, readBackup, restoreOwnKey } from "../api/own-key";
import { useText } from "../i18n";
import { forgetOwnKey, readOwnKey, type OwnKey } from "../lib/key-store";
import { useAction } from "../lib/resource";
import { Button, Notice } from "../ui/basic";
import { Check, TextField } from "../ui/form";
import { ErrorNotice } from "../ui/state";
import { say } from "../ui/toast";
import { hasEd25519 } from "../verify/ed25519";

/** The key of this browser; undefined until that is known. */
export function useOwnKey(): { own: OwnKey | null | undefined; forget(): Promise<void> } {
  const [own, setOwn] = useState<OwnKey | null | undefined>(undefined);
  useEffect(() => {
    let here = true;
    void readOwnKey().then((key) => here && setOwn(key));
    return () => {
      here = false;
    };
  }, []);
  const forget = async () => {
    await forgetOwnKey();
    setOwn(null);
  };
  return { own, forget };
}

/** Whether this browser can have a key; true until it is known not to. */
export function useCanSign(): boolean {
  const [can, setCan] = useState(true);
  useEffect(() => {
    void hasEd25519().then(setCan);
  }, []);
  return can;
}

/** Shows the line once; goes on when its owner says that it is kept. */
export function BackupCard({ made, backup }: { made: OwnKey; backup: string }) {
  const t = useText();
  const [kept, setKept] = useState(false);
  const start = useAction(() => logInWith(made));
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([backup + "\n"], { type: "text/plain" }));
    link.download = `power-share-key-${shortName(made.participant)}.txt`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const copy = () => void navigator.clipboard?.writeText(backup).then(() => say(t.ownKey.copied));
  return (
    <div className="card stack">
      <h2>{t.ownKey.made}</h2>
      <Notice tone="warn" live>
        {t.ownKey.keepHelp}
      </Notice>
      <p className="mono">{backup}</p>
      <div className="row">
        <Button onClick={save}>{t.ownKey.save}</Button>
        <Button onClick={copy}>{t.ownKey.copy}</Button>
      </div>
      <Check label={t.ownKey.kept} checked={kept} onChange={setKept} />
      {start.error && <ErrorNotice error={start.error} />}
      <Button look="primary" disabled={!kept} busy={start.busy} onClick={() => void start.run()}>
        {t.ownKey.goOn}
      </Button>
    </div>
  );
}

/** Beside the log-in by password: the key of this browser, or one that was written down. */
export function OwnKeyLogin() {
  const t = useText();
  const { own } = useOwnKey();
  const can = useCanSign();
  const [line, setLine] = useState("");
  const [tried, setTried] = useState(false);
  const enter = useAction(logInWith);
  const restore = useAction(restoreOwnKey);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (readBackup(line)) void restore.run(line);
  };
  if (own === undefined) return null;
  if (own) {
    return (
      <div className="card stack">
        <p>{t.ownKey.here(shortName(own.participant))}</p>
        {enter.error && <ErrorNotice error={enter.error} />}
        <Button busy={enter.busy} onClick={() => void enter.run(own)}>
          {t.ownKey.enter}
        </Button>
      </div>
    );
  }
  return (
    <details className="card">
      <summary>{t.ownKey.have}</summary>
      {can ? (
        <form className="stack" onSubmit={submit} noValidate>
          <TextField label={t.ownKey.line} hint={t.ownKey.lineHint} value={line} onChange={setLine} autoComplete="off" spellCheck={false} autoCapitalize="none" wrong={tried && !readBackup(line) ? t.ownKey.badLine : null} />
          {restore.error && <ErrorNotice error={restore.error} />}
          <Button type="submit" busy={restore.busy}>
            {t.ownKey.enter}
          </Button>
        </form>
      ) : (
        <p className="soft">{t.ownKey.cannot}</p>
      )}
    </details>
  );
}
