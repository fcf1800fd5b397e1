import { css } from "lit";

/**
 * Colours, type and spacing as custom properties, light and dark. Every `--supernet-…` property can be set from outside;
 * parts inside use the `--sn-…` ones. Text colours reach a contrast of 4.5 on both surfaces.
 */
export const theme = css`
  :host {
    color-scheme: light dark;
    --sn-surface: var(--supernet-surface, light-dark(#ffffff, #14171c));
    --sn-ground: var(--supernet-ground, light-dark(#f5f6f8, #0d0f13));
    --sn-ink: var(--supernet-ink, light-dark(#16191f, #e7eaf0));
    --sn-muted: var(--supernet-muted, light-dark(#59616e, #9aa3b2));
    --sn-line: var(--supernet-line, light-dark(#dde1e7, #2b313b));
    --sn-edge: light-dark(#8a93a1, #6a7483);
    --sn-accent: var(--supernet-accent, light-dark(#1d5fd1, #7fb0ff));
    --sn-on-accent: var(--supernet-on-accent, light-dark(#ffffff, #0d1420));
    --sn-second: var(--supernet-second, light-dark(#b4480f, #f0a36b));
    --sn-third: light-dark(#0f766e, #5eead4);
    --sn-fourth: light-dark(#7e3fb3, #c9a3f0);
    --sn-good: light-dark(#17703c, #6fd49a);
    --sn-bad: light-dark(#b3261e, #ff9a90);
    --sn-heat: var(--supernet-heat, light-dark(#4c86ea, #2f63c4));
    --sn-tint: light-dark(#eef3fc, #1a2231);
    --sn-radius: var(--supernet-radius, 8px);
    --sn-font: var(--supernet-font, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
    --sn-mono: var(--supernet-mono, ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace);
    font: 400 0.9375rem / 1.5 var(--sn-font);
    color: var(--sn-ink);
  }
`;

/** What all components share: controls, tables, focus, and text for screen readers only. */
export const shared = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :host {
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  h2,
  h3,
  h4,
  p,
  dl,
  dd,
  ul,
  figure {
    margin: 0;
  }
  ul {
    padding: 0;
    list-style: none;
  }
  h2 {
    font-size: 1.125rem;
    font-weight: 600;
    letter-spacing: -0.01em;
  }
  h3 {
    font-size: 0.9375rem;
    font-weight: 600;
  }
  h4 {
    font-size: 0.8125rem;
    font-weight: 500;
    color: var(--sn-muted);
  }
  a {
    color: var(--sn-accent);
    text-underline-offset: 0.15em;
  }
  :focus-visible {
    outline: 2px solid var(--sn-accent);
    outline-offset: 2px;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4em;
    min-height: 2.25rem;
    padding: 0.3rem 0.9rem;
    font: 500 0.875rem / 1.2 var(--sn-font);
    color: var(--sn-ink);
    background: var(--sn-surface);
    border: 1px solid var(--sn-edge);
    border-radius: calc(var(--sn-radius) * 0.75);
    cursor: pointer;
  }
  button:hover:not(:disabled),
  .button:hover {
    border-color: var(--sn-accent);
    background: var(--sn-tint);
  }
  button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  button.primary {
    color: var(--sn-on-accent);
    background: var(--sn-accent);
    border-color: var(--sn-accent);
  }
  button.primary:hover:not(:disabled) {
    background: color-mix(in oklab, var(--sn-accent) 88%, var(--sn-ink));
  }
  button.plain {
    min-height: 0;
    padding: 0.1rem 0.3rem;
    border-color: transparent;
    background: none;
    color: var(--sn-accent);
  }
  input,
  select,
  textarea {
    min-height: 2.25rem;
    width: 100%;
    padding: 0.3rem 0.55rem;
    font: 400 0.875rem / 1.4 var(--sn-font);
    color: var(--sn-ink);
    background: var(--sn-surface);
    border: 1px solid var(--sn-edge);
    border-radius: calc(var(--sn-radius) * 0.75);
  }
  input[type="checkbox"],
  input[type="radio"] {
    width: 1rem;
    min-height: 1rem;
    margin: 0;
    accent-color: var(--sn-accent);
  }
  input[type="range"] {
    padding: 0;
    min-height: 1.5rem;
    border: 0;
    background: none;
    accent-color: var(--sn-accent);
  }
  table {
    border-collapse: collapse;
    font-variant-numeric: tabular-nums;
    font-size: 0.8125rem;
  }
  th {
    font-weight: 500;
    text-align: start;
  }
  .muted {
    color: var(--sn-muted);
  }
  .small {
    font-size: 0.8125rem;
  }
  .mono {
    font-family: var(--sn-mono);
    font-size: 0.8125rem;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem;
  }
  .stack {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.75rem;
  }
  /* Two charts, side by side where there is room. */
  .pair {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr));
    gap: 1rem;
  }
  .note {
    padding: 0.6rem 0.8rem;
    border-radius: calc(var(--sn-radius) * 0.75);
    border: 1px solid var(--sn-line);
    border-inline-start: 3px solid var(--sn-second);
    background: var(--sn-surface);
    font-size: 0.875rem;
    overflow-wrap: anywhere;
  }
  p.note,
  .note .said {
    white-space: pre-line;
  }
  .note.bad {
    border-inline-start-color: var(--sn-bad);
  }
  .scroll {
    /* Holds what is for screen readers only: placed absolutely, it would widen the page. */
    position: relative;
    overflow-x: auto;
  }
  .sr {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`;
