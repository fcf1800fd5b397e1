type Json = Record<string, unknown>;

/**
 * Brings a description that an older version of Archai saved to today's form: cells had `s0_op` and `s1_op` for `stems`,
 * their channels in one place, and `alphas_from`. What is merely absent (shapes, a node's channels) follows from the
 * rest. Anything that is already there stays.
 *
 * Input and result have the keys of files; nothing is checked here, `modelDescFromJson` does that.
 */
export function fillLegacy(desc: Json): Json {
  const cells = Array.isArray(desc.cell_descs)
    ? desc.cell_descs.map((cell) => fillCell(cell as Json))
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
  const [cell] = Array.isArray(desc.cell_descs) ? (desc.cell_descs as Json[]) : [];
  return cell && legacyOf(cell).max_final_edges;
}

/** Attributes of older versions: under `legacy` in converted files, in the cell itself in the originals. */
function legacyOf(cell: Json): Json {
  return { ...cell, ...(cell.legacy as Json | undefined) };
}

const LEGACY_KEYS = ["legacy", "s0_op", "s1_op", "conv_params", "alphas_from", "cell_ch_out", "node_ch_out"];

function fillCell(cell: Json): Json {
  const old = legacyOf(cell);
  const nodes = (Array.isArray(cell.nodes) ? (cell.nodes as Json[]) : []).map((node) => fillNode(node, old));
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

function channelsOf(node: Json | undefined): number {
  return (node?.conv_params as { ch_out: number } | undefined)?.ch_out ?? 0;
}

function fillNode(node: Json, cell: Json): Json {
  const [edge] = node.edges as { op_desc?: { params?: Json } }[];
  return { ...node, conv_params: node.conv_params ?? edge?.op_desc?.params?.conv ?? cell.conv_params };
}
