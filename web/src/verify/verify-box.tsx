// Lets somebody check a transaction, or the own balances, in this browser.
import { useState, type FormEvent } from "react";
import { peers, request, ApiError } from "../api/http";
import { useText } from "../i18n";
import { useAction } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { keep, readKept } from "../lib/storage";
import { Badge, Button, Notice } from "../ui/basic";
import { TextField } from "../ui/form";
import { ErrorNotice } from "../ui/state";
import { verifyBalance, verifyTransaction, type Anchor, type BalanceProof, type BlockProof, type MemberKeys, type Step, type TransactionProof, type Verdict } from "./proof";

const steps: Step[] = ["leaf", "transaction", "receipt", "account", "state", "chain", "quorum"];
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

const patience = 30; // times
const pause = () => new Promise((done) => window.setTimeout(done, 1000));

/** The proof of a block; the newest ones get theirs with the next certificate. */
async function certificateOf(height: number, headers: Record<string, string>): Promise<BlockProof> {
  for (let tries = 0; ; ++tries) {
    try {
      return await request<BlockProof>(peers, "GET", `/v1/blocks/${height}/certificate`, { headers });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "not_certified" || tries === patience) throw error;
    }
    await pause();
  }
}

async function verify(id: string, headersOf: Headers): Promise<Verdict> {
  const headers = await headersOf();
  const anchor = await anchorOf(headers);
  const found = await request<TransactionProof>(peers, "GET", "/v1/transactions/" + id, { headers });
  return verifyTransaction(found, await certificateOf(found.block.height, headers), anchor);
}

interface ProvenAccount {
  found: BalanceProof;
  verdict: Verdict;
}
async function verifyAccounts(headersOf: Headers, owner: string, told: (proven: ProvenAccount) => void): Promise<void> {
  const headers = await headersOf();
  const anchor = await anchorOf(headers);
  const { items } = await request<{ items: { id: string; class: string }[] }>(peers, "GET", "/v1/accounts", { headers, query: { owner } });
  for (const { id } of items.filter((account) => account.class === "participant")) {
    const found = await request<BalanceProof>(peers, "GET", "/v1/accounts/proof", { headers, query: { account: id } });
    told({ found, verdict: await verifyBalance(id, found, await certificateOf(found.height, headers), anchor) });
  }
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
      <Trusted />
    </Notice>
  );
}

/** What all of it rests on, for those who want to compare it with their neighbours. */
function Trusted() {
  const t = useText();
  const genesis = readKept<Anchor>("anchor")?.genesis;
  return (
    <p className="small">
      {t.keys.trustedMembers} {genesis && <span className="mono">{t.keys.genesis(genesis)}</span>}
    </p>
  );
}

function assetText(t: ReturnType<typeof useText>, f: ReturnType<typeof useFormat>, { account, balance }: BalanceProof): [string, string] {
  const asset = account.slice(account.lastIndexOf("/") + 1);
  if (asset === "CO") return [t.wallet.coins, f.coins(balance, 9)];
  if (asset === "EN") return [t.wallet.energy, f.kwh(balance, 9)];
  if (asset.startsWith("CA:")) return [t.wallet.cash, `${f.number(balance)} ${asset.slice(3)}`];
  return [asset, f.number(balance)];
}

/** Verifies every balance of `owner`, one after the other. */
export function VerifyBalances({ owner, headers }: { owner: string; headers: Headers }) {
  const t = useText();
  const f = useFormat();
  const [proven, setProven] = useState<ProvenAccount[]>([]);
  const run = useAction(async () => {
    setProven([]);
    await verifyAccounts(headers, owner, (next) => setProven((before) => [...before, next]));
    return true;
  });
  return (
    <div className="stack">
      <p className="soft small">{t.keys.balanceHelp}</p>
      <div>
        <Button busy={run.busy} onClick={() => void run.run()}>
          {run.busy ? t.keys.verifyBusy : t.keys.balanceRun}
        </Button>
      </div>
      {run.error && <ErrorNotice error={run.error} />}
      {proven.length > 0 && (
        <ul className="list" aria-live="polite">
          {proven.map(({ found, verdict }) => {
            const [name, amount] = assetText(t, f, found);
            return (
              <li key={found.account}>
                <span className="grow">
                  {name} <span className="number">{amount}</span>
                  <span className="soft small" style={{ display: "block" }}>
                    {t.keys.balanceAt(f.number(found.height), verdict.signed, verdict.needed)}
                  </span>
                </span>
                <Badge tone={verdict.failed === null ? "good" : "bad"}>{verdict.failed === null ? t.keys.verified : t.keys.notVerified}</Badge>
              </li>
            );
          })}
        </ul>
      )}
      {proven.some(({ verdict }) => !verdict.signaturesChecked) && <Notice tone="warn">{t.keys.notSupported}</Notice>}
      {proven.find(({ verdict }) => verdict.failed !== null) && <VerdictView verdict={proven.find(({ verdict }) => verdict.failed !== null)!.verdict} />}
      {proven.length > 0 && <Trusted />}
    </div>
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
