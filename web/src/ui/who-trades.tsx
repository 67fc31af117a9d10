// Who trades what with whom: the thesis's test persons drew this themselves, since they were not shown it.
import { useText } from "../i18n";

type Kind = "Resident" | "ElectricVehicle" | "UtilityCompany" | "Bank";

export interface WhoTradesTexts {
  title: string;
  description: string;
  names: Record<Kind, string>;
  energy: string;
  coins: string;
  cash: string;
}

const places: Record<Kind, [number, number]> = {
  Resident: [150, 200],
  ElectricVehicle: [450, 90],
  UtilityCompany: [450, 310],
  Bank: [150, 50],
};

function Arrow({ path, color, label, x, y }: { path: string; color: string; label: string; x: number; y: number }) {
  return (
    <g>
      <path d={path} fill="none" stroke={`var(${color})`} strokeWidth="3" markerStart="url(#tip)" markerEnd="url(#tip)" />
      <text x={x} y={y} textAnchor="middle" className="who-label">
        {label}
      </text>
    </g>
  );
}

export function WhoTradesDiagram({ texts }: { texts: WhoTradesTexts }) {
  const t = useText();
  return (
    <figure className="stack-small">
      <svg viewBox="0 0 620 390" className="who" role="img" aria-label={texts.description}>
        <defs>
          <marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="5" markerHeight="5" orient="auto-start-reverse">
            <path d="M0 0 10 5 0 10z" fill="var(--line-strong)" />
          </marker>
        </defs>
        <Arrow path="M150 82V166" color="--warn" label={texts.cash} x={216} y={128} />
        <Arrow path="M232 178 368 104" color="--battery" label={texts.energy} x={282} y={124} />
        <Arrow path="M232 206 372 120" color="--neighbours" label={texts.coins} x={338} y={172} />
        <Arrow path="M226 226 368 300" color="--battery" label={texts.energy} x={272} y={290} />
        <Arrow path="M450 124V274" color="--battery" label={texts.energy} x={520} y={204} />
        <Arrow path="M84 216C20 230 20 330 110 330 180 330 180 270 160 236" color="--battery" label={texts.energy} x={104} y={352} />
        <Arrow path="M520 72C600 60 606 128 524 110" color="--battery" label={texts.energy} x={548} y={52} />
        {(Object.keys(places) as Kind[]).map((kind) => {
          const [x, y] = places[kind];
          return (
            <g key={kind}>
              <rect x={x - 82} y={y - 32} width="164" height="64" rx="14" className="who-box" />
              <text x={x} y={y + 6} textAnchor="middle" className="who-name">
                {texts.names[kind]}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption>
        <details>
          <summary>{t.state.table}</summary>
          <p>{texts.description}</p>
        </details>
      </figcaption>
    </figure>
  );
}
