/** The engine in a dedicated worker of a page; `client-browser.ts` starts it. */
import { expose } from "comlink";
import { browserHost } from "./browser-host.ts";
import { createSession } from "./session.ts";
import { carryErrors } from "./wire.ts";

carryErrors();
expose(createSession(browserHost));
