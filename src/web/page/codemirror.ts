import { autocompletion, type CompletionContext, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { ConfKey, ConfProblem } from "../../worker/protocol.ts";
import { completionsAt } from "./conf-completion.ts";

/** Loaded when a conf is edited for the first time. */

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly root: ShadowRoot;
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly check: (text: string) => Promise<readonly ConfProblem[]>;
  readonly keys: () => Promise<readonly ConfKey[]>;
}

/** An editor for a conf: problems are underlined, keys and values completed. The caller destroys it. */
export function createEditor({ parent, root, text, onChange, check, keys }: EditorOptions): EditorView {
  return new EditorView({
    parent,
    root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        bracketMatching(),
        indentUnit.of("  "),
        yaml(),
        syntaxHighlighting(colors),
        lintGutter(),
        linter(async (view) => (await check(view.state.doc.toString())).map((problem) => diagnostic(view, problem)), {
          delay: 400,
        }),
        autocompletion({ override: [async (context) => complete(context, await keys())] }),
        // Tab leaves the editor: someone who uses the keyboard alone must get out.
        keymap.of([...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
        EditorView.contentAttributes.of({ "aria-label": "Conf in YAML", spellcheck: "false" }),
        EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
        appearance,
      ],
    }),
  });
}

function diagnostic(view: EditorView, { message, line, column }: ConfProblem): Diagnostic {
  const { doc } = view.state;
  const place = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = Math.min(place.from + Math.max(column - 1, 0), place.to);
  return { from, to: place.to, severity: "error", message };
}

function complete(context: CompletionContext, keys: readonly ConfKey[]) {
  const { doc } = context.state;
  const line = doc.lineAt(context.pos);
  const before = Array.from({ length: line.number - 1 }, (_, i) => doc.line(i + 1).text);
  const found = completionsAt(keys, before, line.text.slice(0, context.pos - line.from));
  const typed = found && line.from + found.from < context.pos;
  if (!found || !(typed || context.explicit)) return null;
  return {
    from: line.from + found.from,
    options: found.options.map(({ label, detail, insert }) => ({ label, detail, apply: insert })),
    validFor: /^[\w-]*$/,
  };
}

const colors = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--sn-accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--sn-third)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--sn-second)" },
  { tag: tags.comment, color: "var(--sn-muted)", fontStyle: "italic" },
]);

const appearance = EditorView.theme({
  "&": { height: "24rem", fontSize: "0.8125rem", color: "var(--sn-ink)", backgroundColor: "var(--sn-surface)" },
  "&.cm-focused": { outline: "2px solid var(--sn-accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--sn-mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--sn-ink)" },
  ".cm-cursor": { borderLeftColor: "var(--sn-ink)" },
  ".cm-gutters": {
    color: "var(--sn-muted)",
    backgroundColor: "var(--sn-ground)",
    borderRight: "1px solid var(--sn-line)",
  },
  ".cm-activeLine": { backgroundColor: "color-mix(in oklab, var(--sn-accent) 7%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in oklab, var(--sn-accent) 25%, transparent)",
  },
  ".cm-tooltip": { color: "var(--sn-ink)", backgroundColor: "var(--sn-surface)", border: "1px solid var(--sn-edge)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    color: "var(--sn-on-accent)",
    backgroundColor: "var(--sn-accent)",
  },
  ".cm-completionDetail": { color: "inherit", fontStyle: "normal" },
});
