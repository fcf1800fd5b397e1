/** The browser that `npm test` has found, or has named in SUPERNET_CHROMIUM; where vitest is started by itself, Debian's. */
export const CHROMIUM = process.env.SUPERNET_CHROMIUM ?? "/usr/bin/chromium";
