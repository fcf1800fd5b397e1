import { type ProxyMethods, releaseProxy } from "comlink";

/** Sends messages to a listener on another thread. */
export class Outbox<Message extends unknown[]> {
  readonly #listener: (...message: Message) => unknown;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(listener: (...message: Message) => unknown) {
    this.#listener = listener;
  }

  send(...message: Message): void {
    const sent = (async () => this.#listener(...message))();
    // What a listener does with a message is not the sender's business.
    const arrived = sent.catch(() => {}).finally(() => this.#underWay.delete(arrived));
    this.#underWay.add(arrived);
  }

  /**
   * Resolves when every message has arrived: messages and results go different ways, and results would overtake. Nothing can
   * be sent afterwards.
   */
  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    (this.#listener as Partial<ProxyMethods>)[releaseProxy]?.();
  }
}
