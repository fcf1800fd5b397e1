import { expect, test } from "vitest";
import type { FactoryDesc } from "../../../src/desc/network-desc.ts";
import { modelDescToYaml, parseModelDesc, parseNetworkDesc } from "../../../src/desc/yaml.ts";
import { lowerNetwork } from "../../../src/models/network.ts";
import { findFactory } from "../../../src/models/registry.ts";
import { factoryDesc, factoryName } from "../../../src/models/spec.ts";

const CLASSES = ["circle", "square"];
const SMALL = { height: 32, width: 32, channels: 3, classes: CLASSES };

const message = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return String(error);
  }
  return "";
};

const lower = (name: string, height: number, width = height, training = true) =>
  lowerNetwork(factoryDesc(name, { ...SMALL, height, width }), {
    ...{ batch: 2, height, width, affine: true, dropPath: "none", training },
  });

test("specs of Archai and torchvision choose the version of a network, else the images do", () => {
  const of = (spec: string, height = 32) => factoryDesc(spec, { ...SMALL, height, width: 300 }).images;
  expect([of("resnet18"), of("resnet18", 224)]).toEqual(["small", "large"]);
  expect([of("torchvision.models.resnet18"), of("torchvision.models.resnet.resnet18")]).toEqual(["large", "large"]);
  expect(of("archai.supergraph.models.resnet.resnet18", 224)).toBe("small");
  expect(of("archai.cifar10_models.densenet.densenet121", 224)).toBe("small");
  expect(factoryName("archai.supergraph.models.resnet_paper.resnet20")).toBe("resnet20");
});

test("families take the spellings of papers and of Archai", () => {
  for (const names of [
    ["wrn-28-10", "wresnet28_10", "wrn_28_10", "wideresnet28-10"],
    ["densenet-bc-100-12", "densenet_bc_100_12"],
    ["pyramidnet-110-a48", "pyramidnet110_a48"],
    ["pyramidnet-164-a270-bn", "pyramidnet164_a270_bn"],
    ["shakeshake26_2x32d", "shake-shake-26-2x32d"],
  ]) {
    const [first, ...others] = names.map((name) => lower(name, 32).builder.build());
    for (const other of others) expect(other).toEqual(first);
  }
});

test("what is no network is refused with the nearest one, or with what its numbers may be", () => {
  expect(
    [
      "resnet81",
      "vgg16bn",
      "efficientnet_b0",
      "timm.models.resnet18",
      "wrn-27-10",
      "densenet-bc-99-12",
      "pyramidnet-111-a48",
      "pyramidnet-112-a48-bn",
      "shakeshake27_2x32d",
    ].map((name) => message(() => factoryName(name))),
  ).toMatchInlineSnapshot(`
    [
      "SupernetError: there is no hand-written network "resnet81"; did you mean "resnet18"?",
      "SupernetError: there is no hand-written network "vgg16bn"; did you mean "vgg16_bn"?",
      "SupernetError: there is no hand-written network "efficientnet_b0"; valid here: densenet-bc-100-12, densenet-bc-190-40, densenet-bc-250-24, densenet121, densenet161, densenet169, densenet201, mobilenet_v2, pyramidnet-110-a270, pyramidnet-110-a48, pyramidnet-110-a84, pyramidnet-164-a270-bn, pyramidnet-200-a240-bn, pyramidnet-272-a200-bn, resnet101, resnet110, resnet152, resnet18, resnet20, resnet32, resnet34, resnet44, resnet50, resnet56, shakeshake26_2x112d, shakeshake26_2x32d, shakeshake26_2x64d, shakeshake26_2x96d, vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn, wrn-16-4, wrn-16-8, wrn-28-10, wrn-28-12, wrn-40-2, wrn-40-4",
      "SupernetError: the hand-written network timm.models.resnet18 is to come from the module timm.models, which supernet does not have; name it alone ("resnet18"), or with torchvision.models or archai.supergraph.models before it",
      "SupernetError: wrn-27-10: a wide ResNet has 6n + 4 layers (10, 16, 22, 28, 40, …) and is at least 1 times as wide, as in wrn-28-10",
      "SupernetError: densenet-bc-99-12: a DenseNet-BC has 6n + 4 layers (40, 100, 190, 250, …) and a growth rate of at least 1, as in densenet-bc-100-12",
      "SupernetError: pyramidnet-111-a48: a PyramidNet of such blocks has 6n + 2 layers, as in pyramidnet-110-a48",
      "SupernetError: pyramidnet-112-a48-bn: a PyramidNet of such blocks has 9n + 2 layers, as in pyramidnet-164-a270-bn",
      "SupernetError: shakeshake27_2x32d: a shake-shake network has 6n + 2 layers and an even width, as in shakeshake26_2x32d",
    ]
  `);
  expect(message(() => findFactory("toString"))).toContain("there is no hand-written network");
});

test("images that are too small for a network are refused", () => {
  expect([
    message(() => lower("resnet18", 15, 32)),
    message(() => lower("vgg11", 16)),
    message(() => lower("pyramidnet-110-a48", 30)),
    message(() => lower("vgg16", 160)),
  ]).toMatchInlineSnapshot(`
    [
      "SupernetError: resnet18 makes images 16 times smaller and needs at least 16x16 pixels, but they are 15x32; choose another network in nas.eval.model_factory_spec, or images of another size",
      "SupernetError: vgg11 makes images 32 times smaller and needs at least 32x32 pixels, but they are 16x16; choose another network in nas.eval.model_factory_spec, or images of another size",
      "SupernetError: pyramidnet-110-a48 makes images 4 times smaller and needs sides that are multiples of 4, but they are 30x30; choose another network in nas.eval.model_factory_spec, or images of another size",
      "SupernetError: vgg for large images ends in 7x7 features but gets 5x5: its images must be 224x224 or a multiple of that; scale them, or take the version for small images: archai.supergraph.models.<name> in nas.eval.model_factory_spec",
    ]
  `);
  expect(message(() => lower("resnet18", 16))).toBe("");
  expect(message(() => lower("resnet20", 5))).toBe("");
});

test("a description is written and read back, and is no description of cells", () => {
  const desc: FactoryDesc = { factory: "resnet18", images: "small", dsCh: 3, nClasses: 10 };
  const text = modelDescToYaml(desc);
  expect(text).toMatchInlineSnapshot(`
    "# A hand-written network of supernet.

    factory: resnet18
    images: small
    ds_ch: 3
    n_classes: 10
    "
  `);
  expect(parseNetworkDesc(text, "full.yaml")).toEqual(desc);
  expect(message(() => parseModelDesc(text, "full.yaml"))).toMatchInlineSnapshot(
    `"SupernetError: full.yaml names the hand-written network resnet18, which has no cells; to train it, set nas.eval.model_factory_spec to resnet18"`,
  );
  expect(message(() => parseNetworkDesc(text.replace("small", "tiny"), "full.yaml"))).toMatchInlineSnapshot(`
    "SupernetError: full.yaml is not a valid description; correct it or save it again:
      line 4, images: Invalid option: expected one of "small"|"large""
  `);
});

/** Names of a network's parameters without what repeats: the first ones, the last ones. */
const ends = (name: string, side: number) => {
  const names = lower(name, side)
    .builder.build()
    .params.map((param) => param.name);
  return [...names.slice(0, 5), "...", ...names.slice(-5)];
};

test("parameters are named as in torchvision", () => {
  expect(["resnet18", "densenet121", "vgg11_bn", "mobilenet_v2"].map((name) => ends(name, 224))).toMatchInlineSnapshot(`
    [
      [
        "conv1.weight",
        "bn1.weight",
        "bn1.bias",
        "bn1.running_stats",
        "layer1.0.conv1.weight",
        "...",
        "layer4.1.bn2.weight",
        "layer4.1.bn2.bias",
        "layer4.1.bn2.running_stats",
        "fc.weight",
        "fc.bias",
      ],
      [
        "features.conv0.weight",
        "features.norm0.weight",
        "features.norm0.bias",
        "features.norm0.running_stats",
        "features.denseblock1.denselayer1.norm1.weight",
        "...",
        "features.norm5.weight",
        "features.norm5.bias",
        "features.norm5.running_stats",
        "classifier.weight",
        "classifier.bias",
      ],
      [
        "features.0.weight",
        "features.0.bias",
        "features.1.weight",
        "features.1.bias",
        "features.1.running_stats",
        "...",
        "classifier.0.bias",
        "classifier.3.weight",
        "classifier.3.bias",
        "classifier.6.weight",
        "classifier.6.bias",
      ],
      [
        "features.0.0.weight",
        "features.0.1.weight",
        "features.0.1.bias",
        "features.0.1.running_stats",
        "features.1.conv.0.0.weight",
        "...",
        "features.18.1.weight",
        "features.18.1.bias",
        "features.18.1.running_stats",
        "classifier.1.weight",
        "classifier.1.bias",
      ],
    ]
  `);
});

test("random numbers are drawn while training only, each draw by a number of its own", () => {
  const drawn = (name: string, side: number, training: boolean) =>
    lower(name, side, side, training)
      .builder.build()
      .nodes.filter(({ op }) => op === "dropout" || op === "shake")
      .map(({ op, attrs }) => [op, ...Object.values(attrs)].join(" "));
  expect(drawn("vgg11", 224, true)).toEqual(["dropout 0 0.5", "dropout 1 0.5"]);
  expect(drawn("mobilenet_v2", 32, true)).toEqual(["dropout 0 0.2"]);
  expect(drawn("shakeshake26_2x32d", 32, true)).toEqual(Array.from({ length: 12 }, (_, i) => `shake ${i}`));
  for (const [name, side] of [
    ["vgg11", 224],
    ["mobilenet_v2", 32],
    ["shakeshake26_2x32d", 32],
  ] as const) {
    expect(drawn(name, side, false)).toEqual([]);
  }
});

test("weights start as the papers say", () => {
  const init = (name: string, param: string) =>
    lower(name, 32)
      .builder.build()
      .params.find((spec) => spec.name === param)!.init;
  // He et al. 2015: variance 2 / fan-out, 2 / fan-in for DenseNet and the CIFAR ResNets.
  expect(init("resnet18", "conv1.weight")).toEqual({ kind: "normal", std: Math.sqrt(2 / (64 * 9)) });
  expect(init("densenet121", "features.conv0.weight")).toEqual({ kind: "normal", std: Math.sqrt(2 / (3 * 9)) });
  expect(init("resnet20", "layer2.0.conv1.weight")).toEqual({ kind: "normal", std: Math.sqrt(2 / (16 * 9)) });
  // As PyTorch, the fan-out of a depthwise convolution does not count groups.
  expect(init("mobilenet_v2", "features.1.conv.0.0.weight")).toEqual({ kind: "normal", std: Math.sqrt(2 / (32 * 9)) });
  expect(init("vgg11", "classifier.weight")).toEqual({ kind: "normal", std: 0.01 });
  expect(init("vgg11", "features.0.bias")).toEqual({ kind: "constant", value: 0 });
  expect(init("resnet18", "fc.weight")).toEqual({ kind: "uniform_fan_in", fanIn: 512 });
});
