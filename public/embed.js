/** Shows what a page hears of the elements in it: five events, all of which bubble. */
const LINES = 8;
const log = document.querySelector("#log");
const lines = [];

const texts = {
  "supernet-progress": ({ title, pass, epoch, epochs, loss }) =>
    `${title} ${pass} epoch ${epoch + 1}/${epochs} loss ${loss.toFixed(3)}`,
  "supernet-restored": ({ title, epoch, epochs }) => `${title} goes on after epoch ${epoch} of ${epochs}`,
  "supernet-found": (cells) => `${cells.length} cells found`,
  "supernet-done": (summary) => `${summary.name} is done`,
  "supernet-error": (error) => error.message,
};

for (const [name, text] of Object.entries(texts)) {
  document.addEventListener(name, ({ target, detail }) => {
    lines.push(`${target.heading.padEnd(8)}${name.padEnd(19)}${text(detail)}`);
    log.textContent = lines.slice(-LINES).join("\n");
  });
}
