export const CHROMIUM_ICD: string;
export function icdFiles(env?: Record<string, string | undefined>, platform?: string): string[];
