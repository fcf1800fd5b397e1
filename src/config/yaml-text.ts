import {
  type Alias,
  Composer,
  type Document,
  type DocumentOptions,
  isNode,
  Lexer,
  type LineCounter,
  type Node,
  type ParseOptions,
  Parser,
  type SchemaOptions,
  visit,
} from "yaml";

/** What a YAML file may ask of the machine. Confs and descriptions stay a hundred times below. */
export const YAML_LIMITS = {
  /** UTF-16 units of the text. */
  length: 2 ** 22,
  /** Words and marks of the text: what reading takes time for. */
  tokens: 250_000,
  /** Collections in collections, aliases followed: everything that walks through them recurses. */
  depth: 40,
  /** Values once every alias stands for a copy of what it names. A few lines of aliases can name billions. */
  values: 50_000,
} as const;

/** What is wrong with a text, and where: an offset into it. */
export class YamlProblem extends Error {
  constructor(
    message: string,
    readonly offset: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "YamlProblem";
  }
}

export interface YamlText {
  readonly document: Document;
  /** What an alias stands for. @throws YamlProblem for an alias without an anchor before it */
  target(alias: Alias): Node;
}

/**
 * Reads a single YAML document without trusting its size: neither its depth nor its length nor aliases can exhaust the machine.
 *
 * @param lines is filled in, and turns offsets into lines and columns
 * @throws YamlProblem when it is not YAML or beyond the limits
 */
export function readYaml(
  text: string,
  lines: LineCounter,
  options: ParseOptions & DocumentOptions & SchemaOptions,
): YamlText {
  addLines(text, lines);
  if (text.length > YAML_LIMITS.length) {
    throw new YamlProblem(`longer than ${YAML_LIMITS.length} characters; is it the right file?`, 0);
  }
  checkCharacters(text);
  // Searching all keys of a mapping for each of them takes minutes where there are many, as do excerpts for all errors.
  const composer = new Composer({ ...options, uniqueKeys: false, prettyErrors: false });
  const [document, second] = composer.compose(parse(text), true, text.length);
  const [error] = document!.errors;
  if (error !== undefined) throw new YamlProblem(`not valid YAML: ${error.message}`, error.pos[0], { cause: error });
  if (second !== undefined) throw new YamlProblem("a second document begins here; keep one of them", second.range[0]);
  const targets = aliasTargets(document!);
  const target = (alias: Alias): Node => {
    const found = targets.get(alias);
    if (found === undefined) throw new YamlProblem(`there is no anchor &${alias.source}`, offsetOf(alias));
    return found;
  };
  return { document: document!, target };
}

/** Two belong to a value, and as many to the first key in it. Reading more takes the square of their number. */
const MOST_PROPERTIES = 8;

/** The parser would add them as it reads, too late for what is wrong before. */
function addLines(text: string, lines: LineCounter): void {
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
}

/** Where a node begins. */
export function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** The characters that YAML forbids; texts that are no UTF-8 are full of them. */
const FORBIDDEN = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

function checkCharacters(text: string): void {
  const at = text.search(FORBIDDEN);
  if (at < 0) return;
  const code = text.codePointAt(at)!.toString(16).toUpperCase().padStart(4, "0");
  throw new YamlProblem(`not valid YAML: it has the character U+${code}; is it a text in UTF-8?`, at);
}

/** The library's parser keeps a stack of its own, but what builds nodes of its tokens recurses: depth is checked between the two. */
function* parse(text: string) {
  const parser = new Parser();
  let tokens = 0;
  let properties = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (/^[&!]/.test(lexeme)) properties++;
    else if (!/^[\s#]/.test(lexeme)) properties = 0;
    if (properties > MOST_PROPERTIES)
      throw new YamlProblem("a value has several anchors or tags; keep one", parser.offset);
    yield* parser.next(lexeme);
    if (parser.stack.length > YAML_LIMITS.depth) throw tooDeep(parser.offset);
    if (++tokens > YAML_LIMITS.tokens) {
      throw new YamlProblem(`more than ${YAML_LIMITS.tokens} words and marks; is it the right file?`, parser.offset);
    }
  }
  yield* parser.end();
}

/** The problem of collections in collections in collections. */
export function tooDeep(offset: number): YamlProblem {
  return new YamlProblem(`nested more than ${YAML_LIMITS.depth} levels deep; make it flatter`, offset);
}

/** The problem of aliases that name much, again and again. */
export function tooManyValues(offset: number): YamlProblem {
  return new YamlProblem(
    `more than ${YAML_LIMITS.values} values, those of aliases counted each time; use fewer aliases`,
    offset,
  );
}

/** An alias names the last anchor of its name before it. The library looks for it from the start of the text each time. */
function aliasTargets(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Alias: (_, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}
