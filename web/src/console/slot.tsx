export default function SlotScreen({ start }: { start: string }) { return <h1>{start}</h1>; }
