/** The conf section `model_desc` of a small supernet with a cell of each type, and one that shares alphas. */
export const MODEL_DESC = {
  n_cells: 3,
  n_reductions: 1,
  cell: { n_nodes: 2, cell_post_op: "concate_channels" },
  max_final_edges: 2,
  model_stems: { ops: ["stem_conv3x3", "stem_conv3x3"], init_node_ch: 4, stem_multiplier: 3 },
  model_post_op: "pool_adaptive_avg2d",
  aux_weight: 0,
  aux_tower_stride: 3,
  dataset: { name: "shapes", n_classes: 10, channels: 3, dataroot: "", storage_name: "", max_batches: -1 },
  params: {},
};
