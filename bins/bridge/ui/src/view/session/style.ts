// The terminal library writes its style sheets as text into `<style>`, which the page's policy forbids, rightly. This
// document makes elements whose text becomes a constructed sheet instead, which it allows.

export function strictDocument(): Document {
  const make = (tag: string, options?: ElementCreationOptions): HTMLElement => {
    if (tag.toLowerCase() !== "style") return document.createElement(tag, options);
    // An empty `<style>` is refused too; this one only stands where the library expects one.
    const element = document.createElement("span");
    element.hidden = true;
    const sheet = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    Object.defineProperty(element, "textContent", {
      get: () => "",
      set: (css: string) => sheet.replaceSync(css),
    });
    element.remove = () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
      HTMLElement.prototype.remove.call(element);
    };
    return element;
  };
  return new Proxy(document, {
    get(target, key) {
      if (key === "createElement") return make;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}
