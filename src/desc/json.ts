import { z } from "zod";
import { YAML_LIMITS } from "../config/yaml-text.ts";
import { SupernetError } from "../errors.ts";
import type { AuxTowerDesc, CellDesc, EdgeDesc, ModelDesc, NodeDesc, OpDesc, OpParams } from "./model-desc.ts";
import { type FactoryDesc, isFactory, type NetworkDesc } from "./network-desc.ts";

/**
 * The one place that knows the keys of files: Archai's snake_case on disk, camelCase in TypeScript. Parameters of ops
 * that are not named here pass as they are.
 */
const PARAM_KEYS: readonly (readonly [file: string, name: string])[] = [
  ["_strides", "strides"],
  ["out_states", "outStates"],
  ["n_ch", "nCh"],
  ["n_classes", "nClasses"],
  ["vertex_op", "vertexOp"],
  ["first_proj", "firstProj"],
  ["output_ids", "outputIds"],
];
const NAME_OF = new Map(PARAM_KEYS);
const KEY_OF = new Map(PARAM_KEYS.map(([file, name]) => [name, file]));
/** Names in TypeScript that are no keys of files. */
const NAMES = PARAM_KEYS.map(([, name]) => name);

const count = z.int().nonnegative();
const positive = z.int().positive();
const section = z.record(z.string(), z.unknown());

const convParams = z
  .strictObject({ ch_in: positive, ch_out: positive })
  .transform(({ ch_in, ch_out }) => ({ chIn: ch_in, chOut: ch_out }));

const opParams = z
  .looseObject({
    conv: convParams.optional(),
    stride: positive.optional(),
    _strides: z.array(positive).optional(),
    out_states: positive.optional(),
    n_ch: positive.optional(),
    n_classes: positive.optional(),
    vertex_op: z.string().optional(),
    first_proj: z.boolean().optional(),
    output_ids: z.array(count).optional(),
  })
  // They would take the places of those above without having been checked.
  .refine((params) => !NAMES.some((name) => Object.hasOwn(params, name)), {
    error: ({ input }) => {
      const name = NAMES.find((key) => Object.hasOwn(input as object, key))!;
      return `in files ${name} is written ${KEY_OF.get(name)}`;
    },
  })
  .transform((params): OpParams => {
    const present = Object.entries(params).filter(([, value]) => value !== undefined);
    return Object.fromEntries(present.map(([key, value]) => [NAME_OF.get(key) ?? key, value]));
  });

const opDesc: z.ZodType<OpDesc> = z.lazy(() =>
  z
    .strictObject({
      name: z.string().min(1),
      in_len: positive.default(1),
      params: opParams,
      children: z.array(opDesc).nullable().default(null),
      children_ins: z.array(count).nullable().default(null),
      // What the reference keeps here at run time never matters in a file.
      trainables: z.unknown().optional(),
    })
    .transform(({ name, in_len, params, children, children_ins }) => ({
      name,
      inLen: in_len,
      params,
      children,
      childrenIns: children_ins,
    })),
);

const edgeDesc = z
  .strictObject({ input_ids: z.array(count).min(1), op_desc: opDesc })
  .transform(({ input_ids, op_desc }): EdgeDesc => ({ inputIds: input_ids, opDesc: op_desc }));

const nodeDesc = z
  .strictObject({ edges: z.array(edgeDesc), conv_params: convParams })
  .transform(({ edges, conv_params }): NodeDesc => ({ edges, convParams: conv_params }));

const shape = z.array(z.int()).min(1);

const cellDesc = z
  .strictObject({
    id: count,
    cell_type: z.enum(["regular", "reduction"]),
    conf_cell: section,
    stems: z.array(opDesc).length(2),
    stem_shapes: z.array(shape),
    nodes: z.array(nodeDesc),
    node_shapes: z.array(shape),
    post_op: opDesc,
    out_shape: shape,
    trainables_from: count,
  })
  .transform(
    (cell): CellDesc => ({
      id: cell.id,
      cellType: cell.cell_type,
      confCell: cell.conf_cell,
      stems: cell.stems,
      stemShapes: cell.stem_shapes,
      nodes: cell.nodes,
      nodeShapes: cell.node_shapes,
      postOp: cell.post_op,
      outShape: cell.out_shape,
      trainablesFrom: cell.trainables_from,
    }),
  );

const auxTowerDesc = z
  .strictObject({ ch_in: positive, n_classes: positive, stride: positive })
  .transform(({ ch_in, n_classes, stride }): AuxTowerDesc => ({ chIn: ch_in, nClasses: n_classes, stride }));

const modelDesc = z
  .strictObject({
    conf_model_desc: section.nullable().transform((conf) => conf ?? {}),
    ds_ch: positive,
    n_classes: positive,
    params: section,
    max_final_edges: positive,
    model_stems: z.array(opDesc).min(1),
    cell_descs: z.array(cellDesc).min(1),
    aux_tower_descs: z.array(auxTowerDesc.nullable()),
    pool_op: opDesc,
    logits_op: opDesc,
  })
  .transform(
    (model): ModelDesc => ({
      confModelDesc: model.conf_model_desc,
      dsCh: model.ds_ch,
      nClasses: model.n_classes,
      params: model.params,
      maxFinalEdges: model.max_final_edges,
      modelStems: model.model_stems,
      cellDescs: model.cell_descs,
      auxTowerDescs: model.aux_tower_descs,
      poolOp: model.pool_op,
      logitsOp: model.logits_op,
    }),
  );

/** Places that a message names; a file of another kind is wrong everywhere. */
const MOST_PLACES = 20;

/** How the schema's library says it. */
const MISSING = /^Invalid input: expected (.*), received undefined$/;

const factoryDesc = z
  .strictObject({
    factory: z.string().min(1),
    images: z.enum(["small", "large"]),
    ds_ch: positive,
    n_classes: positive,
  })
  .transform(
    ({ factory, images, ds_ch, n_classes }): FactoryDesc => ({ factory, images, dsCh: ds_ch, nClasses: n_classes }),
  );

/** Line of a value in the file it was read from. */
export type LineOf = (path: readonly PropertyKey[]) => number | undefined;

/**
 * Checks what was read from a file and converts it.
 * @param source the file's name, for messages
 * @param lineOf where values stand in it, for messages
 * @throws SupernetError("desc") naming every place that is wrong, as `cell_descs[2].nodes[0].conv_params`
 */
export function modelDescFromJson(json: unknown, source = "model description", lineOf?: LineOf): ModelDesc {
  return convert(modelDesc, json, source, lineOf);
}

/** As `modelDescFromJson`; a mapping with the key `factory` names a hand-written network. */
export function networkDescFromJson(json: unknown, source = "network description", lineOf?: LineOf): NetworkDesc {
  const named = typeof json === "object" && json !== null && "factory" in json;
  return named ? convert(factoryDesc, json, source, lineOf) : modelDescFromJson(json, source, lineOf);
}

/** As `modelDescFromJson`, for a single op. */
export function opDescFromJson(json: unknown, source = "op description"): OpDesc {
  return convert(opDesc, json, source);
}

function convert<T>(schema: z.ZodType<T>, json: unknown, source: string, lineOf?: LineOf): T {
  if (isDeeper(json, YAML_LIMITS.depth)) {
    throw new SupernetError("desc", `${source} is nested more than ${YAML_LIMITS.depth} levels deep; make it flatter`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const { issues } = result.error;
  const lines = issues.slice(0, MOST_PLACES).map(({ path, message }) => {
    const line = lineOf?.(path);
    return `  ${line === undefined ? "" : `line ${line}, `}${placeOf(path)}: ${message.replace(MISSING, "is missing: expected $1")}`;
  });
  if (issues.length > MOST_PLACES) lines.push(`  and ${issues.length - MOST_PLACES} more`);
  throw new SupernetError(
    "desc",
    `${source} is not a valid description; correct it or save it again:\n${lines.join("\n")}`,
  );
}

/** Checking recurses. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

function placeOf(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return text.replace(/^\./, "") || "top level";
}

const convToJson = ({ chIn, chOut }: { chIn: number; chOut: number }) => ({ ch_in: chIn, ch_out: chOut });

export function opDescToJson(desc: OpDesc): Record<string, unknown> {
  const params = Object.entries(desc.params).map(([name, value]) => [
    KEY_OF.get(name) ?? name,
    name === "conv" && desc.params.conv ? convToJson(desc.params.conv) : value,
  ]);
  return {
    name: desc.name,
    in_len: desc.inLen,
    params: Object.fromEntries(params),
    children: desc.children?.map(opDescToJson) ?? null,
    children_ins: desc.childrenIns,
  };
}

function cellDescToJson(cell: CellDesc): Record<string, unknown> {
  return {
    id: cell.id,
    cell_type: cell.cellType,
    conf_cell: cell.confCell,
    stems: cell.stems.map(opDescToJson),
    stem_shapes: cell.stemShapes,
    nodes: cell.nodes.map((node) => ({
      conv_params: convToJson(node.convParams),
      edges: node.edges.map((edge) => ({ input_ids: edge.inputIds, op_desc: opDescToJson(edge.opDesc) })),
    })),
    node_shapes: cell.nodeShapes,
    post_op: opDescToJson(cell.postOp),
    out_shape: cell.outShape,
    trainables_from: cell.trainablesFrom,
  };
}

/** The inverse of `networkDescFromJson`. */
export function networkDescToJson(desc: NetworkDesc): Record<string, unknown> {
  if (!isFactory(desc)) return modelDescToJson(desc);
  return { factory: desc.factory, images: desc.images, ds_ch: desc.dsCh, n_classes: desc.nClasses };
}

/** The inverse of `modelDescFromJson`: plain data with the keys of Archai's files. */
export function modelDescToJson(desc: ModelDesc): Record<string, unknown> {
  return {
    conf_model_desc: desc.confModelDesc,
    ds_ch: desc.dsCh,
    n_classes: desc.nClasses,
    params: desc.params,
    max_final_edges: desc.maxFinalEdges,
    model_stems: desc.modelStems.map(opDescToJson),
    cell_descs: desc.cellDescs.map(cellDescToJson),
    aux_tower_descs: desc.auxTowerDescs.map(
      (tower) => tower && { ch_in: tower.chIn, n_classes: tower.nClasses, stride: tower.stride },
    ),
    pool_op: opDescToJson(desc.poolOp),
    logits_op: opDescToJson(desc.logitsOp),
  };
}
