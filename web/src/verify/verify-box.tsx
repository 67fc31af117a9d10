// Lets somebody check a transaction in this browser; used by the household app and by the console.
import { useState, type FormEvent } from "react";
import { peers, request, ApiError } from "../api/http";
import { useText } from "../i18n";
import { useAction } from "../lib/resource";
import { keep, readKept } from "../lib/storage";
import { Button, Notice } from "../ui/basic";
import { TextField } from "../ui/form";
import { ErrorNotice } from "../ui/state";
import { verifyTransaction, type Anchor, type BlockProof, type MemberKeys, type Step, type TransactionProof, type Verdict } from "./proof";

const steps: Step[] = ["leaf", "transaction", "receipt", "chain", "quorum"];
type Headers = () => Promise<Record<string, string>>;

/** The peers' keys of the first visit; what a peer says later does not replace them. */
async function anchorOf(headers: Record<string, string>): Promise<Anchor> {
  const kept = readKept<Anchor>("anchor");
  if (kept) return kept;
  const first = await request<{ items: { epoch: number; members: MemberKeys[] }[] }>(peers, "GET", "/v1/members", { headers, query: { from: 0, limit: 1 } });
  const { items } = await request<{ items: { header: { genesis: string } }[] }>(peers, "GET", "/v1/blocks", { headers, query: { limit: 1 } });
  const genesis = items[0]?.header.genesis;
  const members = first.items[0]?.members;
  if (!genesis || !members) throw new ApiError(0, "unexpected", "");
  const anchor = { genesis, members };
  keep("anchor", anchor);
  return anchor;
}

async function verify(id: string, headersOf: Headers): Promise<Verdict> {
  const headers = await headersOf();
  const anchor = await anchorOf(headers);
  const found = await request<TransactionProof>(peers, "GET", "/v1/transactions/" + id, { headers });
  const block = await request<BlockProof>(peers, "GET", `/v1/blocks/${found.block.height}/certificate`, { headers });
  return verifyTransaction(found, block, anchor);
}

export function VerdictView({ verdict }: { verdict: Verdict }) {
  const t = useText();
  const textOfStep = (step: Step) => (step === "quorum" ? t.keys.steps.quorum(verdict.signed, verdict.needed) : t.keys.steps[step]);
  const good = verdict.failed === null;
  return (
    <Notice tone={good ? "good" : "bad"} live>
      <strong>{good ? t.keys.verified : t.keys.notVerified}</strong>
      <ol className="stack-small small">
        {steps
          .filter((step) => verdict.passed.includes(step) || verdict.failed === step)
          .map((step) => (
            <li key={step}>
              {verdict.passed.includes(step) ? "✓" : "✗"} {textOfStep(step)}
            </li>
          ))}
      </ol>
      {!verdict.signaturesChecked && <p className="small">{t.keys.notSupported}</p>}
      <p className="small">{t.keys.trustedMembers}</p>
    </Notice>
  );
}

export function VerifyBox({ id, headers }: { id?: string; headers: Headers }) {
  const t = useText();
  const [typed, setTyped] = useState("");
  const [tried, setTried] = useState(false);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const run = useAction(async (which: string) => setVerdict(await verify(which, headers)));
  const which = (id ?? typed).trim().toLowerCase();
  const right = /^[0-9a-f]{64}$/.test(which);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    setVerdict(null);
    if (right) void run.run(which);
  };
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <p className="soft small">{t.keys.verifyHelp}</p>
      {id === undefined && <TextField label={t.keys.verifyWhich} value={typed} onChange={setTyped} autoComplete="off" spellCheck={false} wrong={tried && !right ? t.state.required : null} />}
      <div>
        <Button type="submit" busy={run.busy}>
          {run.busy ? t.keys.verifyBusy : t.keys.verifyRun}
        </Button>
      </div>
      {run.error && <ErrorNotice error={run.error} />}
      {verdict && <VerdictView verdict={verdict} />}
    </form>
  );
}
