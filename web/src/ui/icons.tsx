// Line icons, 24 units wide; always beside a text or under a label.
const paths = {
  home: "M4 11 12 4l8 7v9h-5v-6h-6v6H4z",
  history: "M4 20V10m5 10V4m5 16v-8m5 8V7",
  trading: "M4 8h13m-4-4 4 4-4 4M20 16H7m4-4-4 4 4 4",
  wallet: "M4 7h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H4zm0 0V5h12v2m1 6.5h.01",
  neighbourhood: "M3 20v-8l5-4 5 4v8zm10 0h8v-9l-4-3-3 2M7 20v-4h2v4",
  ranking: "M7 4h10v5a5 5 0 0 1-10 0zM7 6H4v1a3 3 0 0 0 3 3m10-4h3v1a3 3 0 0 1-3 3m-5 4v4m-4 2h8",
  bill: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6m-6 4h6",
  keys: "M14.5 9.5a4 4 0 1 0-3.6 4L13 15.6h2V18h2v2h3v-3.2l-5.8-5.8",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zm4 3a2 2 0 0 0 4 0",
  settings: "M4 7h10m4 0h2M4 17h2m4 0h10M14 4.5v5m-8 5v5",
  about: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zm0-10v6m0-9.5v.5",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  logout: "M10 4H5v16h5m4-4 4-4-4-4m4 4H9",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm0-13v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4",
  battery: "M3 8h15v9H3zm15 3h3v3h-3M6 11v3m3-3v3m3-3v3",
  car: "M4 16v-3l2-5h12l2 5v3zm0 0v2m16-2v2M4 13h16M7.5 13v.01m9-.01v.01",
  grid: "M12 3 7 21m5-18 5 18M8.5 9h7M7.5 14h9M5 9h14",
  overview: "M4 4h7v7H4zm9 0h7v4h-7zm0 7h7v9h-7zm-9 3h7v6H4z",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zm-6 9c0-3.5 2.5-6 6-6s6 2.5 6 6m1-16a3.5 3.5 0 0 1 0 7m5 9c0-3-1.5-5-4-6",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  plus: "M12 5v14m-7-7h14",
  slots: "M4 20 9 12l4 4 7-11M4 4v16h16",
  flows: "M3 6c8 0 8 5 18 5M3 11c8 0 10 6 18 6M3 18c8 0 10-1 18-1",
  coins: "M12 12c4.4 0 8-1.3 8-3s-3.6-3-8-3-8 1.3-8 3 3.6 3 8 3zM4 9v6c0 1.7 3.6 3 8 3s8-1.3 8-3V9",
  meter: "M4 18a8 8 0 1 1 16 0zm8-1 3-6",
  blocks: "M12 3 4 7v10l8 4 8-4V7zM4 7l8 4 8-4m-8 4v10",
  rules: "M12 4v16M5 8h14M5 8l-2.5 6h5zm14 0-2.5 6h5zM8 20h8",
  cash: "M3 7h18v10H3zm9 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
} as const;
export type IconName = keyof typeof paths;

export function Icon({ name, size = 22 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

export function Logo({ size = 30 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 512 512" aria-hidden="true">
      <rect width="512" height="512" rx="112" fill="#0f7a5a" />
      <path d="M112 270 256 142l144 128v112a22 22 0 0 1-22 22H134a22 22 0 0 1-22-22z" fill="#fff" />
      <path d="m276 208-74 96h44l-14 68 78-100h-46z" fill="#f2b01e" />
    </svg>
  );
}
