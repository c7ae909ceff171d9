// A native dialog of the page's look; Escape and the cross close it.

import { useEffect, useId, useRef, type ReactNode } from "react";

import { IconButton } from "./parts";

interface DialogProps {
  title: string;
  size?: "large" | "";
  close: () => void;
  children: ReactNode;
}

export function Dialog({ title, size = "", close, children }: DialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opened = dialog.current;
    const before = document.activeElement;
    if (opened && !opened.open) opened.showModal();
    return () => {
      opened?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog className={size ? "dialog dialog-wide fb-dialog-large" : "dialog"} aria-labelledby={id} ref={dialog} onCancel={close} onClose={close} onKeyDown={(event) => event.stopPropagation()}>
      <div className="dialog-header">
        <h2 id={id}>{title}</h2>
        <IconButton label="Close" icon="x" onClick={close} />
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}
