import { expect, test } from "vitest";
import { ShaderLibrary } from "../../src/runtime/webgpu/shaders.ts";
import { testEngine } from "./engine.ts";

const library = async (sources: Record<string, string>) => new ShaderLibrary((await testEngine()).device, sources);

test("a type error is reported where it stands, also when it stands in an imported file", async () => {
  const shaders = await library({
    "./outer.wesl": `import package::inner::twice;

@compute @workgroup_size(1)
fn main() {
  let x = twice(1.0);
}
`,
    "./inner.wesl": `// Doubles.
fn twice(x: f32) -> f32 {
  return x * 2u;
}
`,
  });
  await expect(shaders.module("outer")).rejects.toThrow(
    /shader outer does not compile:\n {2}shaders\/inner\.wesl:3:10 .*no matching/s,
  );
});

test("a syntax error names the file", async () => {
  const shaders = await library({ "./broken.wesl": "fn main( {" });
  await expect(shaders.module("broken")).rejects.toThrow(/shaders\/broken\.wesl does not link: .*broken\.wesl:1:10/s);
});

test("each set of conditions is compiled once", async () => {
  const shaders = await library({
    "./choice.wesl": `
@compute @workgroup_size(1)
fn main() {
  @if(double) let x = 2.0;
  @else let x = 1.0;
}
`,
  });
  const plain = await shaders.module("choice", { double: false });
  expect(await shaders.module("choice")).toBe(plain);
  expect(await shaders.module("choice", { double: true })).not.toBe(plain);
});
