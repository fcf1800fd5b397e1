export interface AptPolicy {
  installed: string | null;
  candidate: string | null;
  versions: { version: string; sources: { uri: string; suite: string }[] }[];
}

export interface AptPlan {
  what: string;
  file?: { path: string; text: string };
  commands: string[][];
}

export interface PackageRecord {
  packages: Record<string, { version?: string; optional?: boolean }>;
}

export const MIN_MESA: number;
export function parseOsRelease(text: string): Record<string, string>;
export function majorVersion(version: string): number;
export function parseAptPolicy(text: string): AptPolicy;
export function usesApt(os: Record<string, string>): boolean;
export function aptPlans(os: Record<string, string>, policy: AptPolicy, keyring: string | null): AptPlan[];
export function planAsShell(plan: AptPlan, sudo: boolean): string;
export function manualRemedy(platform: string, os: Record<string, string>): string;
export function chooseIcd(
  adapter: { kind: string; architecture: string; description: string },
  files: string[],
): string | null;
export function missingPackages(lock: PackageRecord, installed: PackageRecord): string[];
export function chromiumPaths(platform: string, env: Readonly<Record<string, string | undefined>>): string[];
export function chromiumPlan(os: Record<string, string>): AptPlan | null;
export function chromiumRemedy(platform: string, os: Record<string, string>): string;
