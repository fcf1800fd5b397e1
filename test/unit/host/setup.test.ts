import { describe, expect, it } from "vitest";
import { icdFiles } from "../../../bin/probe.mjs";
import {
  type AptPolicy,
  aptPlans,
  chooseIcd,
  chromiumPaths,
  chromiumPlan,
  chromiumRemedy,
  majorVersion,
  manualRemedy,
  missingPackages,
  parseAptPolicy,
  parseOsRelease,
  planAsShell,
  usesApt,
} from "../../../scripts/platform.mjs";

const BOOKWORM = parseOsRelease(
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n# ID=nothing\n',
);

const POLICY_BOOKWORM = `mesa-vulkan-drivers:
  Installed: (none)
  Candidate: 22.3.6-1+deb12u2
  Version table:
     22.3.6-1+deb12u2 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
`;

const POLICY_BACKPORTS = `mesa-vulkan-drivers:
  Installed: 22.3.6-1+deb12u2
  Candidate: 22.3.6-1+deb12u2
  Version table:
     25.0.7-2~bpo12+1 100
        100 http://deb.debian.org/debian bookworm-backports/main amd64 Packages
 *** 22.3.6-1+deb12u2 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
`;

const candidate = (version: string | null): AptPolicy => ({ installed: null, candidate: version, versions: [] });

describe("reading the system", () => {
  it("parses os-release with and without quotes", () => {
    expect(BOOKWORM).toEqual({
      PRETTY_NAME: "Debian GNU/Linux 12 (bookworm)",
      VERSION_ID: "12",
      VERSION_CODENAME: "bookworm",
      ID: "debian",
    });
  });

  it("compares package versions by major number, epochs aside", () => {
    expect(["25.0.7-2~bpo12+1", "1:24.2.8-1ubuntu1", "9.1"].map(majorVersion)).toEqual([25, 24, 9]);
    expect(majorVersion("unknown")).toBeNaN();
  });

  it("parses apt-cache policy", () => {
    expect(parseAptPolicy(POLICY_BACKPORTS)).toEqual({
      installed: "22.3.6-1+deb12u2",
      candidate: "22.3.6-1+deb12u2",
      versions: [
        {
          version: "25.0.7-2~bpo12+1",
          sources: [{ uri: "http://deb.debian.org/debian", suite: "bookworm-backports" }],
        },
        { version: "22.3.6-1+deb12u2", sources: [{ uri: "http://deb.debian.org/debian", suite: "bookworm" }] },
      ],
    });
    expect(parseAptPolicy("")).toEqual({ installed: null, candidate: null, versions: [] });
  });

  it("knows Debian's family", () => {
    expect(usesApt(BOOKWORM)).toBe(true);
    expect(usesApt({ ID: "linuxmint", ID_LIKE: "ubuntu debian" })).toBe(true);
    expect(usesApt({ ID: "fedora" })).toBe(false);
    expect(usesApt({})).toBe(false);
  });
});

describe("how to get a software adapter", () => {
  it("takes the distribution's lavapipe if it is recent enough", () => {
    const [plan] = aptPlans({ ID: "ubuntu", VERSION_CODENAME: "noble" }, candidate("24.2.8-1ubuntu1~24.04.1"), null);
    expect(plan?.file).toBeUndefined();
    expect(plan?.commands).toHaveLength(1);
    expect(plan?.commands[0]).toEqual(expect.arrayContaining(["mesa-vulkan-drivers", "libvulkan1"]));
    expect(plan?.commands[0]).not.toContain("-t");
  });

  it("adds backports on Debian 12, from the mirror in use, and has chromium to fall back on", () => {
    const plans = aptPlans(BOOKWORM, parseAptPolicy(POLICY_BOOKWORM), "/usr/share/keyrings/k.gpg");
    expect(plans[0]?.file?.text).toBe(
      "deb [signed-by=/usr/share/keyrings/k.gpg] http://mirror.example/debian bookworm-backports main\n",
    );
    expect(plans[0]?.commands.map((command) => command.slice(0, 2))).toEqual([
      ["apt-get", "update"],
      ["apt-get", "install"],
    ]);
    expect(plans[0]?.commands[1]?.join(" ")).toContain("-t bookworm-backports mesa-vulkan-drivers");
    expect(plans[1]?.commands[0]).toContain("chromium");
  });

  it("uses backports that are already configured without writing a file", () => {
    const [plan] = aptPlans(BOOKWORM, parseAptPolicy(POLICY_BACKPORTS), null);
    expect(plan?.file).toBeUndefined();
    expect(plan?.commands[0]?.join(" ")).toContain("-t bookworm-backports");
  });

  it("has no plan for an Ubuntu with an old Mesa, but a command to give", () => {
    const jammy = { ID: "ubuntu", ID_LIKE: "debian", VERSION_CODENAME: "jammy" };
    expect(aptPlans(jammy, candidate("23.2.1-1ubuntu3.1"), null)).toEqual([]);
    expect(manualRemedy("linux", jammy)).toContain("add-apt-repository");
    expect(manualRemedy("linux", { ID: "fedora" })).toContain("dnf install");
    expect(manualRemedy("darwin", {})).toContain("graphics driver");
  });

  it("prints a plan as one line for the shell", () => {
    const plan = {
      what: "x",
      file: { path: "/etc/x.list", text: "deb http://m b main\n" },
      commands: [
        ["apt-get", "update"],
        ["apt-get", "install", "y"],
      ],
    };
    expect(planAsShell(plan, true)).toBe(
      "echo 'deb http://m b main' | sudo tee /etc/x.list && sudo apt-get update && sudo apt-get install y",
    );
    expect(planAsShell({ what: "x", commands: [["a", "b"]] }, false)).toBe("a b");
  });
});

describe("which driver file to use", () => {
  const files = ["/usr/share/vulkan/icd.d/intel_icd.json", "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"];
  const swiftshader = "/usr/lib/chromium/vk_swiftshader_icd.json";

  it("restricts the loader to the software driver in use", () => {
    const llvmpipe = { kind: "software", architecture: "software", description: "llvmpipe: Mesa 25.0.7" };
    expect(chooseIcd(llvmpipe, [swiftshader, ...files])).toBe(files[1]);
    const swift = { kind: "software", architecture: "swiftshader", description: "SwiftShader driver-5.0.0" };
    expect(chooseIcd(swift, [...files, swiftshader])).toBe(swiftshader);
    expect(chooseIcd(swift, files)).toBeNull();
  });

  it("leaves the loader alone when there is a GPU", () => {
    expect(chooseIcd({ kind: "gpu", architecture: "hopper", description: "NVIDIA H200" }, files)).toBeNull();
  });

  it("respects the drivers the user names", () => {
    expect(icdFiles({ VK_DRIVER_FILES: "/a.json:/b.json" }, "linux")).toEqual(["/a.json", "/b.json"]);
    expect(icdFiles({ VK_ICD_FILENAMES: "/c.json" }, "linux")).toEqual(["/c.json"]);
    expect(icdFiles({}, "darwin")).toEqual([]);
  });
});

describe("missingPackages", () => {
  const lock = {
    packages: {
      "": {},
      "node_modules/yaml": { version: "2.9.1" },
      "node_modules/@biomejs/cli-win32-x64": { version: "2.6.8", optional: true },
      "node_modules/vite/node_modules/zod": { version: "4.0.0" },
    },
  };

  it("is empty when all is there; packages for other platforms may be absent", () => {
    const installed = {
      packages: {
        "node_modules/yaml": { version: "2.9.1" },
        "node_modules/vite/node_modules/zod": { version: "4.0.0" },
      },
    };
    expect(missingPackages(lock, installed)).toEqual([]);
  });

  it("names what is absent or has another version", () => {
    expect(missingPackages(lock, { packages: {} })).toEqual(["yaml", "zod"]);
    const stale = {
      packages: {
        "node_modules/yaml": { version: "2.8.0" },
        "node_modules/vite/node_modules/zod": { version: "4.0.0" },
      },
    };
    expect(missingPackages(lock, stale)).toEqual(["yaml"]);
  });
});

describe("a browser for the tests", () => {
  it("is looked for where each system keeps it", () => {
    expect(chromiumPaths("linux", {})[0]).toBe("/usr/bin/chromium");
    expect(chromiumPaths("darwin", {})[0]).toMatch(/^\/Applications\/Google Chrome\.app\//);
    expect(chromiumPaths("win32", { PROGRAMFILES: "C:\\Program Files" })).toEqual([
      "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    ]);
  });

  it("is Debian's package there, and a word of advice elsewhere", () => {
    expect(chromiumPlan(BOOKWORM)?.commands[0]?.slice(-2)).toEqual(["chromium", "fonts-dejavu-core"]);
    expect(chromiumRemedy("linux", BOOKWORM)).toMatch(/^sudo apt-get update && sudo apt-get install -y .* chromium /);
    const ubuntu = { ID: "ubuntu", ID_LIKE: "debian" };
    expect(chromiumPlan(ubuntu)).toBeNull();
    expect(chromiumRemedy("linux", ubuntu)).toBe(
      "install Chrome 113 or later (https://www.google.com/chrome), or name a browser in SUPERNET_CHROMIUM",
    );
    expect(chromiumRemedy("darwin", {})).toContain("install Chrome");
  });
});
