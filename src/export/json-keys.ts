/**
 * Strings (as they are written, with their quotes) and punctuation of a JSON text, in order. Not a regular expression: its
 * engine keeps a place to go back to for every letter of a string, and overflows its stack at some millions.
 */
function* tokens(json: string): Generator<string> {
  for (let at = 0; at < json.length; at++) {
    const letter = json[at]!;
    if (letter === '"') {
      const start = at;
      for (at++; at < json.length && json[at] !== '"'; at++) if (json[at] === "\\") at++;
      yield json.slice(start, at + 1);
    } else if ("{}[],:".includes(letter)) {
      yield letter;
    }
  }
}

/** How many objects and lists a JSON text opens within each other, valid or not. */
export function jsonDepth(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (const token of tokens(json)) {
    if (token === "{" || token === "[") deepest = Math.max(deepest, ++depth);
    else if (token === "}" || token === "]") depth--;
  }
  return deepest;
}

/**
 * The first key that occurs twice in one object of a JSON text. `JSON.parse` keeps the last of them and says nothing.
 * @param json valid JSON
 */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  let last = "";
  for (const token of tokens(json)) {
    if (token === "{") {
      open.push(new Set());
    } else if (token === "}") {
      open.pop();
    } else if (token === ":") {
      const key = JSON.parse(last) as string;
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
    last = token;
  }
  return undefined;
}
