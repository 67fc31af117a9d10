// The states of whatever comes from a peer: on its way, failed, empty, kept from before, there.
import { Component, type ReactNode } from "react";
import type { ApiError } from "../api/http";
import { textOf, useText, type Messages } from "../i18n";
import type { Resource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Button, Notice } from "./basic";

const sameAs: Record<string, keyof Messages["errors"]> = {
  bad_token: "log_in_needed",
  bad_login: "bad_credentials",
  insufficient_coins: "insufficient_balance",
  insufficient_cash: "insufficient_balance",
  busy: "too_many_requests",
  too_many_orders: "too_many",
  too_many_cash_requests: "too_many",
};

/** What went wrong, as a sentence for the person who reads it. */
export function errorText(t: Messages, error: ApiError): string {
  const code = sameAs[error.code] ?? error.code;
  const known = textOf(t.errors, code);
  if (known !== code) return known;
  return t.errors.other(error.message || error.code);
}

export function ErrorNotice({ error, retry }: { error: ApiError; retry?: () => void }) {
  const t = useText();
  return (
    <Notice tone="bad" live>
      <div className="row between">
        <span>{errorText(t, error)}</span>
        {retry && (
          <Button small onClick={retry}>
            {t.state.retry}
          </Button>
        )}
      </div>
    </Notice>
  );
}

interface ShownProps<T> {
  of: Resource<T>;
  children(data: T): ReactNode;
  /** Where the data may be empty: whether it is, and what to say. */
  empty?: [boolean | ((data: T) => boolean), ReactNode];
  rows?: number;
}

export function Shown<T>({ of, children, empty, rows = 1 }: ShownProps<T>) {
  const t = useText();
  const f = useFormat();
  if (of.data === null) {
    if (of.error) return <ErrorNotice error={of.error} retry={of.reload} />;
    return (
      <div className="stack-small" role="status">
        <span className="hidden">{t.state.loading}</span>
        {Array.from({ length: rows }, (_, index) => (
          <div key={index} className="skeleton" aria-hidden="true" />
        ))}
      </div>
    );
  }
  const isEmpty = empty && (typeof empty[0] === "function" ? empty[0](of.data) : empty[0]);
  return (
    <>
      {of.keptAt !== null && <Notice tone="warn">{t.state.keptFrom(f.dateTime(new Date(of.keptAt).toISOString()))}</Notice>}
      {of.error && of.keptAt === null && <ErrorNotice error={of.error} retry={of.reload} />}
      {isEmpty ? <p className="soft">{empty[1]}</p> : children(of.data)}
    </>
  );
}

/** Keeps one broken part of a page from taking the rest with it. */
export class Guard extends Component<{ text: string; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };
  static getDerivedStateFromError() {
    return { broken: true };
  }
  override render() {
    return this.state.broken ? <Notice tone="bad">{this.props.text}</Notice> : this.props.children;
  }
}
