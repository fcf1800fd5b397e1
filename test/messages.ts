import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type ESTree, parseSync } from "vite";

// Finds the texts of errors in the sources and the texts in the tests, to see which messages no test expects.

const ROOT = join(import.meta.dirname, "..");

type Node = ESTree.Node;
type Call = ESTree.NewExpression | ESTree.CallExpression;
type Fn = ESTree.Function | ESTree.ArrowFunctionExpression;

interface Source {
  readonly file: string;
  readonly text: string;
  readonly program: Node;
}

function sources(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => {
      const path = join(ROOT, folder, name);
      const text = readFileSync(path, "utf8");
      return { file: relative(ROOT, path), text, program: parseSync(path, text).program };
    });
}

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === "string";

/** All nodes below one, each with those it lies in. */
function* walk(node: Node, within: readonly Node[] = []): Generator<[Node, readonly Node[]]> {
  yield [node, within];
  const inside = [...within, node];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child, inside);
  }
}

const isCall = (node: Node): node is Call => node.type === "NewExpression" || node.type === "CallExpression";

const isFunction = (node: Node): node is Fn => /Function(Declaration|Expression)$/.test(node.type);

/** Name of the function or class that is called. */
const calledName = ({ callee }: Call): string | undefined => (callee.type === "Identifier" ? callee.name : undefined);

/**
 * The texts that an expression puts together: what stands between the values in a template, each branch of a condition.
 */
function textsOf(expression: Node): string[] {
  const texts = [""];
  const cut = () => void texts.push("");
  const visit = (node: Node): void => {
    switch (node.type) {
      case "Literal":
        if (typeof node.value === "string") texts.push(`${texts.pop()}${node.value}`);
        return;
      case "TemplateLiteral":
        node.quasis.forEach(({ value }, index) => {
          texts.push(`${texts.pop()}${value.cooked}`);
          const inserted = node.expressions[index];
          if (!inserted) return;
          cut();
          visit(inserted);
          cut();
        });
        return;
      case "BinaryExpression":
        visit(node.left);
        visit(node.right);
        return;
      case "ConditionalExpression":
        cut();
        visit(node.consequent);
        cut();
        visit(node.alternate);
        cut();
        return;
      case "ObjectExpression":
        for (const property of node.properties) if (property.type === "Property") visit(property.value);
        return;
      case "ArrayExpression":
        for (const element of node.elements) if (element) visit(element);
        return;
      default:
        cut();
    }
  };
  visit(expression);
  return texts;
}

/** The function around a call that gives or throws the error it makes, and nothing else. */
function makerAround(call: Node, within: readonly Node[]): [Fn, readonly Node[]] | undefined {
  const parent = within.at(-1)!;
  const direct =
    parent.type === "ReturnStatement" ||
    parent.type === "ThrowStatement" ||
    (parent.type === "ArrowFunctionExpression" && parent.body === call);
  const at = within.findLastIndex(isFunction);
  return direct && at >= 0 ? [within[at] as Fn, within.slice(0, at)] : undefined;
}

function nameOf(fn: Fn, within: readonly Node[]): string | undefined {
  const parent = within.at(-1);
  if (parent?.type === "VariableDeclarator" && parent.id.type === "Identifier") return parent.id.name;
  return fn.type === "FunctionDeclaration" ? fn.id?.name : undefined;
}

const identifiersIn = (nodes: readonly Node[]): Set<string> =>
  new Set(nodes.flatMap((node) => [...walk(node)].flatMap(([one]) => (one.type === "Identifier" ? [one.name] : []))));

/** Functions whose arguments become part of a message: their name, and the file that they are known in, or "" for all. */
function findMakers(program: readonly Source[]): Map<string, string> {
  const makers = new Map([
    ["SupernetError", ""],
    ["ConfError", ""],
  ]);
  for (let before = 0; before < makers.size; ) {
    before = makers.size;
    for (const { file, program: root } of program) {
      for (const [node, within] of walk(root)) {
        if (!isCall(node) || !makes(makers, node, file)) continue;
        const [fn, outside] = makerAround(node, within) ?? [];
        const name = fn && nameOf(fn, outside!);
        if (!name || makers.has(name)) continue;
        const given = identifiersIn(fn.params as Node[]);
        if (![...identifiersIn(node.arguments as Node[])].some((used) => given.has(used))) continue;
        makers.set(name, outside!.some(({ type }) => type === "ExportNamedDeclaration") ? "" : file);
      }
    }
  }
  return makers;
}

function makes(makers: ReadonlyMap<string, string>, call: Call, file: string): boolean {
  const known = makers.get(calledName(call) ?? "");
  return known === "" || known === file;
}

/** Words of a text, as they read whatever the line breaks. */
const flat = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

export interface MessageSite {
  readonly file: string;
  readonly line: number;
  /** What it says, but for the values in it. */
  readonly texts: readonly string[];
}

/** All places where the sources put words into an error's message. */
export function messageSites(): MessageSite[] {
  const program = sources("src");
  const makers = findMakers(program);
  return program.flatMap(({ file, text, program: root }) =>
    [...walk(root)].flatMap(([node]) => {
      if (!isCall(node) || !makes(makers, node, file)) return [];
      // Fewer words than three are a code or the name of something.
      const texts = (node.arguments as Node[])
        .flatMap(textsOf)
        .map(flat)
        .filter((one) => one.split(" ").length > 2);
      return texts.length > 0 ? [{ file, line: text.slice(0, node.start).split("\n").length, texts }] : [];
    }),
  );
}

/**
 * All texts in the tests: strings, templates, regular expressions.
 * @param but a file whose texts do not count
 */
export function testTexts(but: string): string {
  const others = sources("test").filter(({ file }) => file !== but);
  const texts = others.flatMap(({ program }) =>
    [...walk(program)].flatMap(([node, within]) => {
      if (node.type === "Literal" && "regex" in node) return node.regex.pattern.replaceAll("\\", "");
      const part = within.at(-1)?.type === "BinaryExpression";
      const whole = node.type === "Literal" || node.type === "TemplateLiteral" || node.type === "BinaryExpression";
      // Inline snapshots escape quotes.
      return whole && !part ? textsOf(node).map((text) => text.replaceAll('\\"', '"')) : [];
    }),
  );
  return texts.map(flat).join("\n");
}

/** So many characters of a message in a test are no accident. */
const LEAST = 16;

/** All pieces of a text that are long enough, or the text where it is short. */
const piecesOf = (text: string): string[] =>
  Array.from({ length: Math.max(1, text.length - LEAST + 1) }, (_, at) => text.slice(at, at + LEAST));

/** The places of whose texts the tests have no piece. */
export function unexpected(sites: readonly MessageSite[], inTests: string): MessageSite[] {
  const pieces = new Set(sites.flatMap(({ texts }) => texts.flatMap(piecesOf)));
  const seen = new Set([...pieces].filter((piece) => piece.length < LEAST && inTests.includes(piece)));
  for (let at = 0; at < inTests.length; at++) {
    const piece = inTests.slice(at, at + LEAST);
    if (pieces.has(piece)) seen.add(piece);
  }
  return sites.filter(({ texts }) => !texts.some((text) => piecesOf(text).some((piece) => seen.has(piece))));
}
