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
  Resident: [170, 200],
  ElectricVehicle: [530, 90],
  UtilityCompany: [530, 310],
  Bank: [170, 46],
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
      <svg viewBox="0 0 720 384" className="who" role="img" aria-label={texts.description}>
        <defs>
          <marker id="tip" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="5" markerHeight="5" orient="auto-start-reverse">
            <path d="M0 0 10 5 0 10z" fill="var(--line-strong)" />
          </marker>
        </defs>
        <Arrow path="M170 82V162" color="--warn" label={texts.cash} x={94} y={128} />
        <Arrow path="M270 180 426 100" color="--battery" label={texts.energy} x={336} y={122} />
        <Arrow path="M274 206 434 122" color="--neighbours" label={texts.coins} x={392} y={178} />
        <Arrow path="M262 230 426 300" color="--battery" label={texts.energy} x={324} y={292} />
        <Arrow path="M530 126V272" color="--battery" label={texts.energy} x={574} y={204} />
        <Arrow path="M92 234C20 260 60 346 130 336 180 330 190 280 182 240" color="--battery" label={texts.energy} x={108} y={362} />
        <Arrow path="M590 54C640 16 690 60 634 84" color="--battery" label={texts.energy} x={650} y={34} />
        {(Object.keys(places) as Kind[]).map((kind) => {
          const [x, y] = places[kind];
          return (
            <g key={kind}>
              <rect x={x - 102} y={y - 32} width="204" height="64" rx="14" className="who-box" />
              <text x={x} y={y + 6} textAnchor="middle" className="who-name">
                {texts.names[kind]}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption>
        <details>
          <summary>{t.state.words}</summary>
          <p>{texts.description}</p>
        </details>
      </figcaption>
    </figure>
  );
}
