/** Registers a component, once: a page may load the bundle of the element twice. */
export function define(tag: string, component: CustomElementConstructor): void {
  if (!customElements.get(tag)) customElements.define(tag, component);
}
