import { describe, expect, it } from "vitest";
import { Gate } from "../../../src/train/gate.ts";

function watched() {
  const told: string[] = [];
  const gate = new Gate({ onHeld: () => told.push("held"), onReleased: () => told.push("released") });
  return { gate, told, pass: (name: string) => gate.passed().then(() => told.push(name)) };
}

describe("a gate", () => {
  it("lets everybody through while it is open, and tells nothing", async () => {
    const { told, pass } = watched();
    await pass("through");
    expect(told).toEqual(["through"]);
  });

  it("holds whoever comes while it is closed, and tells that once", async () => {
    const { gate, told, pass } = watched();
    gate.close();
    gate.close();
    const passing = Promise.all([pass("one"), pass("two")]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(told).toEqual(["held"]);
    gate.open();
    await passing;
    expect(told).toEqual(["held", "released", "one", "two"]);
  });

  it("says nothing when it is opened before anybody came", async () => {
    const { gate, told } = watched();
    gate.close();
    gate.open();
    await gate.passed();
    expect(told).toEqual([]);
  });

  it("may be closed again before whoever waited has gone through", async () => {
    const { gate, told, pass } = watched();
    gate.close();
    const passing = pass("through");
    gate.open();
    gate.close();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(told).toEqual(["held", "released", "held"]);
    gate.open();
    await passing;
    expect(told).toEqual(["held", "released", "held", "released", "through"]);
  });

  it("counts how long training stood still, not how long it was closed", async () => {
    const { gate, pass } = watched();
    gate.close();
    expect(gate.held).toBe(0);
    const passing = pass("through");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(gate.held).toBeGreaterThan(10);
    gate.open();
    await passing;
    const { held } = gate;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(gate.held).toBe(held);
  });
});
