type Json = Record<string, unknown>;

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Brings a description that an older version of Archai saved to today's form: cells had `s0_op` and `s1_op` for `stems`,
 * their channels in one place, and `alphas_from`. What is merely absent (shapes, a node's channels) follows from the
 * rest. Anything that is already there stays.
 *
 * Input and result have the keys of files. Nothing is checked here, `modelDescFromJson` does that: what is not of the kind it
 * should be is passed on as it is.
 */
export function fillLegacy(desc: Json): Json {
  const cells = Array.isArray(desc.cell_descs)
    ? desc.cell_descs.map((cell) => (isRecord(cell) ? fillCell(cell) : cell))
    : desc.cell_descs;
  return {
    ...desc,
    conf_model_desc: desc.conf_model_desc ?? {},
    params: desc.params ?? {},
    max_final_edges: desc.max_final_edges ?? legacyEdges(desc) ?? 2,
    cell_descs: cells,
  };
}

function legacyEdges(desc: Json): unknown {
  const [cell] = Array.isArray(desc.cell_descs) ? desc.cell_descs : [];
  return isRecord(cell) ? legacyOf(cell).max_final_edges : undefined;
}

/** Attributes of older versions: under `legacy` in converted files, in the cell itself in the originals. */
function legacyOf(cell: Json): Json {
  return { ...cell, ...(isRecord(cell.legacy) && cell.legacy) };
}

const LEGACY_KEYS = ["legacy", "s0_op", "s1_op", "conv_params", "alphas_from", "cell_ch_out", "node_ch_out"];

function fillCell(cell: Json): Json {
  const old = legacyOf(cell);
  if (!Array.isArray(cell.nodes)) return cell;
  const nodes = cell.nodes.map((node) => (isRecord(node) ? fillNode(node, old) : node));
  const channels = channelsOf(nodes[0]);
  const stemShapes = [channels, channels].map(toShape);
  const current = Object.entries(cell).filter(([key]) => !LEGACY_KEYS.includes(key) && key !== "max_final_edges");
  const filled: Json = {
    ...Object.fromEntries(current),
    conf_cell: cell.conf_cell ?? {},
    stems: cell.stems ?? [old.s0_op, old.s1_op],
    stem_shapes: cell.stem_shapes ?? stemShapes,
    nodes,
    node_shapes: cell.node_shapes ?? nodes.map((node) => toShape(channelsOf(node))),
    trainables_from: cell.trainables_from ?? old.alphas_from,
  };
  const joined = nodes.length * channels;
  filled.post_op = cell.post_op ?? {
    name: "concate_channels",
    params: { conv: { ch_in: joined, ch_out: joined }, out_states: nodes.length },
  };
  filled.out_shape = cell.out_shape ?? toShape(joined);
  return filled;
}

const toShape = (channels: number) => [channels, -1, -1, -1];

function channelsOf(node: unknown): number {
  const channels = isRecord(node) && isRecord(node.conv_params) ? node.conv_params.ch_out : undefined;
  return typeof channels === "number" ? channels : 0;
}

function fillNode(node: Json, cell: Json): Json {
  const [edge] = Array.isArray(node.edges) ? node.edges : [];
  const op = isRecord(edge) ? edge.op_desc : undefined;
  const params = isRecord(op) ? op.params : undefined;
  const own = isRecord(params) ? params.conv : undefined;
  return { ...node, conv_params: node.conv_params ?? own ?? cell.conv_params };
}
