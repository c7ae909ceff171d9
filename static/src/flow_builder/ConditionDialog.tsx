// The builder of conditions in a dialog: the one that segments are built with.

import { useEffect, useRef, useState, type ReactNode } from "react";

import { useEditor } from "./context";
import type { ConditionAsked } from "./context";
import { Dialog } from "./Dialog";
import { asObj, asText } from "./json";
import type { Json } from "./json";

interface ConditionDialogProps extends ConditionAsked {
  close: () => void;
}

export function ConditionDialog({ title, value, isOnWay, done, close }: ConditionDialogProps): ReactNode {
  const { told, graph, titleOf } = useEditor();
  const form = useRef<HTMLFormElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const source = useRef<HTMLTextAreaElement>(null);
  const [isBroken, setBroken] = useState(false);
  const csrf = document.querySelector<HTMLInputElement>("#flow-builder-form input[name=csrfmiddlewaretoken]")?.value ?? "";

  useEffect(() => {
    const area = source.current;
    if (!form.current || !holder.current || !area) return;
    area.value = value === undefined || value === null ? "" : JSON.stringify(value, null, 2);
    const messages = Object.keys(graph.nodes)
      .filter((key) => graph.nodes[key]?.["type"] === "message")
      .map((key) => ({ value: key, label: titleOf(key) }));
    const ofRun = isOnWay ? { messages, trigger: asText(asObj(graph["trigger"])["event"]) } : {};
    const detail = { holder: holder.current, source: area, form: form.current, told: { ...told.language, ...ofRun, starters: [], question: "Who is it about?", isEager: true } };
    document.dispatchEvent(new CustomEvent("patron:conditions", { detail }));
    // What stands in the dialog when it opens is what is edited; later changes come from inside it.
  }, []);

  const take = (): void => {
    const text = source.current?.value.trim() ?? "";
    try {
      done(text === "" ? undefined : (JSON.parse(text) as Json));
      close();
    } catch {
      setBroken(true);
    }
  };
  return (
    <Dialog title={title} size="large" close={close}>
      <form
        ref={form}
        className="fb-condition"
        onSubmit={(event) => {
          event.preventDefault();
          take();
        }}
      >
        <input type="hidden" name="csrfmiddlewaretoken" value={csrf} />
        <div className="fb-condition-main">
          <div ref={holder} className="b-builder" data-values-url={told.urls.segmentValues} data-preview-url={told.urls.condition} hidden />
          <div className="build-source field" id="condition-source" data-builder-source="">
            <label htmlFor="condition-json">The condition as JSON</label>
            <textarea ref={source} id="condition-json" name="definition" className="mono" spellCheck={false} />
          </div>
          {isBroken && <p className="field-error">This is not valid JSON.</p>}
        </div>
        <aside className="fb-condition-side" aria-label="Who would meet it now">
          <div id="impact" className="look" />
        </aside>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" className="button button-primary">
            Use it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
