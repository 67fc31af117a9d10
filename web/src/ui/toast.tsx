import { useEffect } from "react";
import { createStore, useStore } from "../lib/store";

interface Toast {
  id: number;
  text: string;
}
const toasts = createStore<Toast[]>([]);
const shownMs = 6000;
let drawn = 0;

/** Says that something went well. What went wrong is told where it was asked for. */
export function say(text: string): void {
  toasts.set([...toasts.get().slice(-2), { id: ++drawn, text }]);
}

function Shown({ toast }: { toast: Toast }) {
  useEffect(() => {
    const timer = window.setTimeout(() => toasts.set(toasts.get().filter((other) => other.id !== toast.id)), shownMs);
    return () => window.clearTimeout(timer);
  }, [toast.id]);
  return <div className="toast">{toast.text}</div>;
}

export function Toasts() {
  const all = useStore(toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {all.map((toast) => (
        <Shown key={toast.id} toast={toast} />
      ))}
    </div>
  );
}
