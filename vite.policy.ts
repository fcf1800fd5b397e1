import type { Plugin } from "vite";

// The content security policy of the page and the demos. All that they do is their own modules' work, in this tab.

type Policy = Readonly<Record<string, string>>;

const everywhere: Policy = {
  // Also what is not named below: nothing is fetched, so nothing can be sent anywhere either.
  "default-src": "'none'",
  "script-src": "'self'",
  "worker-src": "'self'",
  "style-src": "'self'",
  // The editor underlines what is wrong with a picture in a data: address.
  "img-src": "'self' data:",
  "base-uri": "'none'",
  "form-action": "'none'",
};

const documents: Policy = {
  ...everywhere,
  "require-trusted-types-for": "'script'",
  // `default` is public/trusted-types.js.
  "trusted-types": "lit-html default",
};

/** Vite's client asks the server for changes over a socket, and in a worker of a blob whether it is back; it adds styles. */
const hotReload: Policy = {
  ...documents,
  "connect-src": "'self'",
  "worker-src": "'self' blob:",
  "style-src": "'self' 'unsafe-inline'",
};

const textOf = (policy: Policy) =>
  Object.entries(policy)
    .map((directive) => directive.join(" "))
    .join("; ");

/** Of `<meta>`, in each HTML file. */
export const metaPolicy = textOf(documents);

/** Of the header, which goes for workers too. Who may frame a page is told by headers alone. */
export const headerPolicy = textOf({ ...everywhere, "frame-ancestors": "'none'" });

/** Lets Vite's client into the page while developing. */
export const hotReloadPolicy: Plugin = {
  name: "hot-reload-policy",
  apply: "serve",
  transformIndexHtml: (html) => html.replace(metaPolicy, textOf(hotReload)),
};
