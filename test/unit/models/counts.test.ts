import { expect, test } from "vitest";
import { factoryNames } from "../../../src/models/registry.ts";
import { factoryDesc } from "../../../src/models/spec.ts";
import { modelStats } from "../../../src/models/stats.ts";

/**
 * Published numbers of parameters, with their sources: torchvision's model pages (ImageNet: 1000 classes), the table of CIFAR-10
 * models in pytorchcv's README (CIFAR), the tables of kuangliu/pytorch-cifar's users for its VGGs and ResNets with small stems,
 * and akamaster/pytorch_resnet_cifar10 for the CIFAR ResNets with shortcuts of option A.
 */
const PUBLISHED = {
  torchvision: {
    resnet18: 11_689_512,
    resnet34: 21_797_672,
    resnet50: 25_557_032,
    resnet101: 44_549_160,
    resnet152: 60_192_808,
    densenet121: 7_978_856,
    densenet161: 28_681_000,
    densenet169: 14_149_480,
    densenet201: 20_013_928,
    vgg11: 132_863_336,
    vgg11_bn: 132_868_840,
    vgg13: 133_047_848,
    vgg13_bn: 133_053_736,
    vgg16: 138_357_544,
    vgg16_bn: 138_365_992,
    vgg19: 143_667_240,
    vgg19_bn: 143_678_248,
    mobilenet_v2: 3_504_872,
  },
  pytorchcv: {
    "wrn-28-10": 36_479_194,
    "wrn-16-10": 17_116_634,
    "wrn-40-8": 35_748_314,
    "densenet-bc-100-12": 769_162,
    "pyramidnet-110-a48": 1_772_706,
    "pyramidnet-110-a84": 3_904_446,
    "pyramidnet-110-a270": 28_485_477,
    "pyramidnet-164-a270-bn": 27_216_021,
    shakeshake20_2x16d: 541_082,
    shakeshake26_2x32d: 2_923_162,
  },
  "small stems and heads": {
    resnet18: 11_173_962,
    resnet34: 21_282_122,
    resnet50: 23_520_842,
    resnet101: 42_512_970,
    resnet152: 58_156_618,
    vgg11_bn: 9_231_114,
    vgg13_bn: 9_416_010,
    vgg16_bn: 14_728_266,
    vgg19_bn: 20_040_522,
    mobilenet_v2: 2_236_682,
  },
  "option A": {
    resnet20: 269_722,
    resnet32: 464_154,
    resnet44: 658_586,
    resnet56: 853_018,
    resnet110: 1_727_962,
  },
} as const;

const names = (count: number) => Array.from({ length: count }, (_, i) => `class ${i}`);
const countOf = (name: string, side: number, classes: number) => {
  const desc = factoryDesc(name, { height: side, width: side, channels: 3, classes: names(classes) });
  return modelStats(desc, { height: side, width: side, affine: true }).params;
};

const rows = Object.entries(PUBLISHED).flatMap(([source, counts]) =>
  Object.entries(counts).map(([name, params]) => ({ source, name, params })),
);

test.each(rows)("$name has as many parameters as published ($source)", ({ source, name, params }) => {
  const large = source === "torchvision";
  expect(countOf(name, large ? 224 : 32, large ? 1000 : 10)).toBe(params);
});

/** Of these the papers give rounded numbers, in millions. */
test.each([
  ["wrn-16-4", 2.7],
  ["wrn-16-8", 11.0],
  ["wrn-28-12", 52.5],
  ["wrn-40-2", 2.2],
  ["wrn-40-4", 8.9],
  ["densenet-bc-250-24", 15.3],
  ["densenet-bc-190-40", 25.6],
  ["pyramidnet-200-a240-bn", 26.8],
  ["pyramidnet-272-a200-bn", 26.2],
  ["shakeshake26_2x64d", 11.7],
  ["shakeshake26_2x96d", 26.2],
])("%s has the paper's %s million parameters", (name, millions) => {
  expect(Number((countOf(name, 32, 10) / 1e6).toFixed(1))).toBe(millions);
});

test("every network that is offered is built for both kinds of images", () => {
  for (const name of factoryNames) {
    for (const side of [32, 224]) expect(countOf(name, side, 7), name).toBeGreaterThan(0);
  }
});
