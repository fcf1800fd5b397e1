import { css } from "lit";

/** The sheets of paper that the page is made of. */
export const panels = css`
  .panel {
    padding: 1.1rem 1.25rem 1.25rem;
    background: var(--sn-surface);
    border: 1px solid var(--sn-line);
    border-radius: calc(var(--sn-radius) * 1.25);
  }
  .stack.wide {
    gap: 1rem;
  }
  .spread {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: 0.5rem 1rem;
  }
  @media (max-width: 700px) {
    .panel {
      padding: 0.9rem;
    }
  }
`;
