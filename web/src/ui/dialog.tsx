import { Dialog as Base } from "@base-ui/react/dialog";
import type { ReactNode } from "react";

/** A window over the page; focus stays inside, Escape closes it. */
export function Dialog({ title, open, onClose, closeLabel, children }: { title: string; open: boolean; onClose(): void; closeLabel: string; children: ReactNode }) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup className="popup">
          <div className="stack">
            <div className="row between">
              <Base.Title render={<h2 />}>{title}</Base.Title>
              <Base.Close className="button quiet small" aria-label={closeLabel}>
                ✕
              </Base.Close>
            </div>
            {children}
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
