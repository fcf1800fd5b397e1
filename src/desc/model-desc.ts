/**
 * A network as plain data: what a builder makes of a conf, what a finalizer selects, what is saved and read back.
 *
 * Everything here survives `JSON.parse(JSON.stringify(desc))`. In files the keys are Archai's snake_case names;
 * `json.ts` is the one place that converts.
 */
export type CellType = "regular" | "reduction";

/** [channels, depth, height, width]; -1 where the description does not fix the size. */
export type TensorShape = readonly number[];

/** Channels an op is to read and to yield. */
export interface ConvMacroParams {
  readonly chIn: number;
  readonly chOut: number;
}

/** Parameters of an op beyond its channels; what each op reads is in `src/ops/`. */
export interface OpParams {
  readonly conv?: ConvMacroParams;
  readonly stride?: number;
  /** Strides by input, for ops with several inputs (Petridish). */
  readonly strides?: readonly number[];
  /** How many of the last states a cell's post op joins. */
  readonly outStates?: number;
  readonly nCh?: number;
  readonly nClasses?: number;
  /** NASBench-101: what a vertex does to the sum of its inputs; whether its first one is projected; which states leave the cell. */
  readonly vertexOp?: string;
  readonly firstProj?: boolean;
  readonly outputIds?: readonly number[];
  readonly [key: string]: unknown;
}

export interface OpDesc {
  readonly name: string;
  /** Number of states the op reads. */
  readonly inLen: number;
  readonly params: OpParams;
  /** Ops that this op is made of (`multi_op`), and which of its inputs each of them reads. */
  readonly children: readonly OpDesc[] | null;
  readonly childrenIns: readonly number[] | null;
}

export interface EdgeDesc {
  /** States the edge reads: 0 and 1 are the outputs of the two previous cells, 2 is node 0, … */
  readonly inputIds: readonly number[];
  readonly opDesc: OpDesc;
}

/** A state of a cell: the sum of its edges. */
export interface NodeDesc {
  readonly edges: readonly EdgeDesc[];
  readonly convParams: ConvMacroParams;
}

export interface CellDesc {
  readonly id: number;
  readonly cellType: CellType;
  readonly confCell: ConfCell;
  /** Bring the outputs of the cell before last and of the last cell to this cell's channels and size. */
  readonly stems: readonly OpDesc[];
  readonly stemShapes: readonly TensorShape[];
  readonly nodes: readonly NodeDesc[];
  readonly nodeShapes: readonly TensorShape[];
  /** Joins the nodes to the cell's output. */
  readonly postOp: OpDesc;
  readonly outShape: TensorShape;
  /** The cell whose alphas this one uses; its own id if it owns them. */
  readonly trainablesFrom: number;
}

/** A second classifier on the output of a cell, there to help training. */
export interface AuxTowerDesc {
  readonly chIn: number;
  readonly nClasses: number;
  readonly stride: number;
}

/** `cell` of the conf a description was built from, as it stood there. */
export type ConfCell = Readonly<Record<string, unknown>>;

export interface ModelDesc {
  /** The conf section `model_desc` the description was built from, keys untouched. */
  readonly confModelDesc: Readonly<Record<string, unknown>>;
  readonly dsCh: number;
  readonly nClasses: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly maxFinalEdges: number;
  readonly modelStems: readonly OpDesc[];
  readonly cellDescs: readonly CellDesc[];
  /** One entry a cell. */
  readonly auxTowerDescs: readonly (AuxTowerDesc | null)[];
  readonly poolOp: OpDesc;
  readonly logitsOp: OpDesc;
}

/** An op description with the defaults most ops have. */
export function opDesc(name: string, params: OpParams, inLen = 1): OpDesc {
  return { name, inLen, params, children: null, childrenIns: null };
}
