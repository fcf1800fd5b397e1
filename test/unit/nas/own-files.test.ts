import { posix, win32 } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it, test } from "vitest";
import { type Conf, type ExperimentConf, expandVars } from "../../../src/config/index.ts";
import { checkOwnFiles, requireOwn } from "../../../src/nas/own-files.ts";
import { PHASES, type Phase } from "../../../src/nas/phase.ts";
import { tries } from "../fuzz/support.ts";
import { sweepConf } from "./sweep-conf.ts";

const FOLDERS = ["/logs/darts_shapes_toy_search", "/logs/darts_shapes_toy_eval"];
const [SEARCH = "", EVAL = ""] = FOLDERS;

const refused = (path: string, folders = FOLDERS) => {
  try {
    requireOwn(path, folders);
    return false;
  } catch {
    return true;
  }
};

describe("the run's own files", () => {
  test.each([
    `${SEARCH}/a.yaml`,
    `${EVAL}/models/1/2/a.yaml`,
    `${EVAL}/./a//b.yaml`,
    `${SEARCH}/..a../a..b`,
    `${SEARCH}/модель ‮ é\n.yaml`,
    `${SEARCH}/~/$HOME/-rf`,
  ])("%j is one", (path) => expect(refused(path)).toBe(false));

  test.each([
    "",
    "/",
    "a.yaml",
    "/etc/passwd",
    "C:\\windows\\a",
    SEARCH,
    `${SEARCH}/`,
    `${SEARCH}/.`,
    `${SEARCH}x/a.yaml`,
    `${SEARCH}\\a.yaml`,
    `${SEARCH}/../a.yaml`,
    `${SEARCH}/a/../../../a.yaml`,
    `${SEARCH}/a\\..\\..\\..\\a.yaml`,
    `${SEARCH}/..`,
    `${SEARCH}/a\0.yaml`,
    `/x/..${SEARCH}/a.yaml`,
  ])("%j is none", (path) => expect(refused(path)).toBe(true));

  it("a folder of all runs that is named by .. is one as any other", () => {
    expect(refused("../logs/x_eval/a.yaml", ["../logs/x_eval"])).toBe(false);
  });

  it("whatever is let through lies in a folder of the run, as either system resolves it", () => {
    const part = fc.oneof(fc.constantFrom("..", ".", "", "a", "..\\..", "a\\b", "C:", "\0", "…"), fc.string());
    const path = fc
      .tuple(fc.constantFrom(...FOLDERS, "", "/logs"), fc.array(part, { maxLength: 8 }))
      .map(([folder, parts]) => `${folder}/${parts.join("/")}`);
    let accepted = 0;
    fc.assert(
      fc.property(path, (text) => {
        if (refused(text)) return;
        accepted++;
        for (const { resolve, sep } of [posix, win32]) {
          const home = FOLDERS.map((folder) => resolve(folder) + sep);
          expect(home.some((folder) => resolve(text).startsWith(folder))).toBe(true);
        }
      }),
      tries(2000),
    );
    expect(accepted).toBeGreaterThan(200);
  });
});

describe("paths of a conf", () => {
  let conf: ExperimentConf;
  beforeAll(async () => {
    conf = await sweepConf();
  });

  const check = (phase: Phase, phases: readonly Phase[], key?: string, path?: string) => {
    const changed = structuredClone(conf) as unknown as Record<string, Conf>;
    const names = (key ?? "").split(".");
    const last = names.pop()!;
    let section = changed as Record<string, unknown>;
    for (const name of names) {
      section[name] ??= {};
      section = section[name] as Record<string, unknown>;
    }
    if (last) section[last] = path;
    const expanded = expandVars(changed as Conf, { HOME: "/home/me", expdir: phase === "search" ? SEARCH : EVAL });
    checkOwnFiles(expanded as unknown as ExperimentConf, phase, { folders: FOLDERS, phases });
  };

  it("are its own unless it says otherwise", () => {
    for (const phase of PHASES) check(phase, PHASES);
    check("search", PHASES, "nas.search.final_desc_foldername", "$expdir/");
    check("search", PHASES, "nas.search.full_desc_filename", `${EVAL}/searched.yaml`);
  });

  it("are refused by their keys where they lead elsewhere", () => {
    const messageOf = (key: string) => {
      try {
        check(key.startsWith("nas.search") ? "search" : "eval", PHASES, key, "~/elsewhere");
      } catch (error) {
        return (error as Error).message;
      }
      return `${key} is not refused`;
    };
    expect(
      [
        "nas.search.full_desc_filename",
        "nas.search.final_desc_filename",
        "nas.search.pareto.summary_filename",
        "nas.search.checkpoint.filename",
        "nas.search.final_desc_foldername",
        "nas.search.metrics_dir",
        "nas.search.petridish.checkpoints_foldername",
        "nas.eval.full_desc_filename",
        "nas.eval.metric_filename",
        "nas.eval.model_filename",
        "nas.eval.checkpoint.filename",
        "nas.eval.final_desc_filename",
        "nas.eval.final_desc_foldername",
      ].map(messageOf),
    ).toMatchInlineSnapshot(`
      [
        "nas.search.full_desc_filename writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.search.final_desc_filename writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.search.pareto.summary_filename writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.search.checkpoint.filename writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.search.final_desc_foldername writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.search.metrics_dir writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.search.petridish.checkpoints_foldername writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.eval.full_desc_filename writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.eval.metric_filename writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.eval.model_filename writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.eval.checkpoint.filename writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.eval.final_desc_filename writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
        "nas.eval.final_desc_foldername writes to "/home/me/elsewhere", which is not the run's own: begin the name with $expdir/",
      ]
    `);
  });

  it("may be anybody's where they are only read", () => {
    check("eval", ["eval"], "nas.eval.final_desc_filename", "/other/final_model_desc.yaml");
  });
});
