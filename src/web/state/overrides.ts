/**
 * Words of a command line as a person types them: separated by white space, with single or double quotes around what
 * holds some. An open quote ends with the text.
 */
export function splitWords(text: string): string[] {
  return Array.from(text.matchAll(/(?:"[^"]*"?|'[^']*'?|[^\s"'])+/g), ([word]) =>
    word.replace(/"([^"]*)"?|'([^']*)'?/g, (_, double, single) => double ?? single ?? ""),
  );
}

/** The reverse of `splitWords`. */
export function joinWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[^\s"']+$/.test(word) ? word : word.includes('"') ? `'${word}'` : `"${word}"`))
    .join(" ");
}
