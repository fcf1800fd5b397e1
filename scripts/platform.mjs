/**
 * What setup decides from what it read: no file is touched and no program run here, so that every decision can be
 * tested on any machine.
 */

/** Older Mesa has no lavapipe that Dawn accepts; 24 is the first major version tested to work. */
export const MIN_MESA = 24;

/** `/etc/os-release` as an object, quotes removed. */
export function parseOsRelease(text) {
  const entries = {};
  for (const line of text.split("\n")) {
    const match = /^([A-Z_][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (match) entries[match[1]] = match[2].replace(/^(["'])(.*)\1$/, "$2");
  }
  return entries;
}

/** Leading number of a Debian package version: `1:25.0.7-2~bpo12+1` is 25; NaN where there is none. */
export function majorVersion(version) {
  return Number.parseInt(version.replace(/^\d+:/, ""), 10);
}

/**
 * The output of `apt-cache policy PACKAGE` as
 * `{ installed, candidate, versions: [{ version, sources: [{ uri, suite }] }] }`.
 */
export function parseAptPolicy(text) {
  const field = (name) => {
    const value = new RegExp(`^  ${name}: (.+)$`, "m").exec(text)?.[1];
    return value === undefined || value === "(none)" ? null : value;
  };
  const versions = [];
  for (const line of text.split("\n")) {
    const version = /^ (?:\*\*\*| {3}) (\S+) \d+$/.exec(line);
    const source = /^ {8,}\d+ (\w+:\S+) ([^/\s]+)\/\S+ /.exec(line);
    if (version) versions.push({ version: version[1], sources: [] });
    else if (source) versions.at(-1)?.sources.push({ uri: source[1], suite: source[2] });
  }
  return { installed: field("Installed"), candidate: field("Candidate"), versions };
}

/** Debian and what is derived from it: apt installs software there. */
export function usesApt(os) {
  return [os.ID, ...(os.ID_LIKE ?? "").split(" ")].some((id) => id === "debian" || id === "ubuntu");
}

const PACKAGES = ["mesa-vulkan-drivers", "libvulkan1"];

function aptInstall(packages, release) {
  const target = release ? ["-t", release] : [];
  return [
    "apt-get",
    "install",
    "-y",
    "--no-install-recommends",
    "-o",
    "DPkg::Lock::Timeout=300",
    ...target,
    ...packages,
  ];
}

/**
 * Ways to get a software adapter with apt, in the order to try them. Each is `{ what, file?, commands }`: `file` is to
 * be written first, `commands` are then run in turn. Empty where apt has nothing recent enough.
 *
 * `policy` is the parsed policy of `mesa-vulkan-drivers`, `keyring` the archive key to sign with, if it exists.
 */
export function aptPlans(os, policy, keyring) {
  const plans = [];
  const backports = `${os.VERSION_CODENAME}-backports`;
  const recent = (version) => majorVersion(version) >= MIN_MESA;
  if (policy.candidate !== null && recent(policy.candidate)) {
    plans.push({ what: `lavapipe ${policy.candidate}`, commands: [aptInstall(PACKAGES)] });
  } else if (policy.versions.some((v) => recent(v.version) && v.sources.some((s) => s.suite === backports))) {
    plans.push({ what: `lavapipe from ${backports}`, commands: [aptInstall(PACKAGES, backports)] });
  } else if (os.ID === "debian" && os.VERSION_CODENAME) {
    const signed = keyring ? `[signed-by=${keyring}] ` : "";
    plans.push({
      what: `lavapipe from ${backports}`,
      file: {
        path: "/etc/apt/sources.list.d/supernet-backports.list",
        text: `deb ${signed}${archiveUri(policy, os.VERSION_CODENAME)} ${backports} main\n`,
      },
      commands: [["apt-get", "update"], aptInstall(PACKAGES, backports)],
    });
  }
  // Ubuntu's `chromium` is a shell around a snap and brings no driver.
  if (os.ID === "debian")
    plans.push({ what: "SwiftShader (from chromium)", commands: [aptInstall(["chromium", "libvulkan1"])] });
  return plans;
}

/** The mirror this machine already uses for its release. */
function archiveUri(policy, codename) {
  const sources = policy.versions.flatMap((version) => version.sources);
  return sources.find((source) => source.suite === codename)?.uri ?? "http://deb.debian.org/debian";
}

/** A plan as one line for a shell; `sudo` for people who are not root. */
export function planAsShell(plan, sudo) {
  const prefix = sudo ? "sudo " : "";
  const file = plan.file ? [`echo '${plan.file.text.trim()}' | ${prefix}tee ${plan.file.path}`] : [];
  return [...file, ...plan.commands.map((command) => prefix + command.join(" "))].join(" && ");
}

/** What to tell someone on a machine where setup cannot install a driver by itself. */
export function manualRemedy(platform, os) {
  if (platform !== "linux") return "update the graphics driver, then try again";
  const like = [os.ID, ...(os.ID_LIKE ?? "").split(" ")];
  if (like.includes("ubuntu")) {
    return "sudo add-apt-repository -y ppa:kisak/kisak-mesa && sudo apt-get install -y mesa-vulkan-drivers libvulkan1";
  }
  if (like.includes("fedora") || like.includes("rhel")) return "sudo dnf install -y mesa-vulkan-drivers vulkan-loader";
  if (like.includes("arch")) return "sudo pacman -S --needed vulkan-swrast vulkan-icd-loader";
  if (like.includes("suse")) return "sudo zypper install -y libvulkan_lvp libvulkan1";
  return `install a Vulkan driver: that of the graphics card, or Mesa's lavapipe ${MIN_MESA} or later, with libvulkan.so.1`;
}

/**
 * Driver file to restrict the Vulkan loader to, or null to leave it alone: with a software adapter the other drivers
 * only cost start-up time and print complaints; with a GPU the loader's own choice is right.
 */
export function chooseIcd(adapter, files) {
  if (adapter.kind !== "software") return null;
  const name = /swiftshader/i.test(`${adapter.architecture} ${adapter.description}`) ? /swiftshader/i : /(^|\/)lvp_/;
  return files.find((file) => name.test(file)) ?? null;
}

/**
 * Names of packages that `lock` (a parsed package-lock.json) asks for and `installed` (npm's record in node_modules)
 * lacks or has in another version. Packages for other platforms are optional and may be absent.
 */
export function missingPackages(lock, installed) {
  return Object.entries(lock.packages)
    .filter(([path]) => path !== "")
    .filter(([path, wanted]) => {
      const got = installed.packages[path];
      return got ? got.version !== wanted.version : !wanted.optional;
    })
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
}

/** Where Chromium or Chrome usually is, best first. Ubuntu's /usr/bin/chromium-browser is a shell around a snap. */
export function chromiumPaths(platform, env) {
  if (platform === "darwin") {
    return [
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ];
  }
  if (platform === "win32") {
    const folders = [env.PROGRAMFILES, env["PROGRAMFILES(X86)"], env.LOCALAPPDATA].filter(Boolean);
    return folders.map((folder) => `${folder}\\Google\\Chrome\\Application\\chrome.exe`);
  }
  return ["/usr/bin/chromium", "/usr/bin/google-chrome-stable", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"];
}

/** How to install Chromium with apt, or null where its package there is none. */
export function chromiumPlan(os) {
  if (os.ID !== "debian") return null;
  // Without any font a browser measures text as nothing.
  return { what: "Chromium", commands: [aptInstall(["chromium", "fonts-dejavu-core"])] };
}

/** What to tell someone on a machine where setup cannot install a browser by itself. */
export function chromiumRemedy(platform, os) {
  const plan = chromiumPlan(os);
  if (platform === "linux" && plan) return `sudo apt-get update && ${planAsShell(plan, true)}`;
  return "install Chrome 113 or later (https://www.google.com/chrome), or name a browser in SUPERNET_CHROMIUM";
}
