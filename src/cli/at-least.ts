import { InvalidArgumentError } from "commander";

/** Reads an option that is a whole number. The function it returns throws InvalidArgumentError for anything else. */
export const atLeast = (least: number) => (text: string) => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
};
