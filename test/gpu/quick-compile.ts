import { tmpdir } from "node:os";
import { join } from "node:path";

// To be imported by tests of many kernels on small shapes, which compile most of the time. Mesa's llvmpipe then leaves LLVM's
// optimizations out: it compiles in about half the time what runs more slowly (kernels.test.ts on its depthwise and pointwise
// ops, empty cache: 123 s instead of 222 s). Vectors of 128 bits take a third off what remains (on its depthwise and mixed ops:
// 68 s of processor time instead of 102 s). The arithmetic is the same. Nothing for tests that train: planted.test.ts takes twice
// as long. What it compiles so must not reach other processes through Mesa's cache, whose keys do not tell these apart. Other
// drivers read none of the variables. No longer needed when CI has a GPU. https://docs.mesa3d.org/envvars.html

process.env.GALLIVM_PERF ??= "nopt";
process.env.LP_NATIVE_VECTOR_WIDTH ??= "128";
process.env.MESA_SHADER_CACHE_DIR = join(
  process.env.MESA_SHADER_CACHE_DIR ?? tmpdir(),
  "supernet-tests-quickly-compiled-shaders",
);
