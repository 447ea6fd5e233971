/**
 * Makes an element. Text always goes in as text, never as HTML: whatever stands in a description or a camera's name, it
 * can't become markup.
 *
 * @param {string} tag
 * @param {Record<string, string | number | boolean | ((event: Event) => void) | undefined>} attributes `onclick` and the
 *   like add listeners; `false` and `undefined` leave an attribute out
 * @param {...(Node | string | null | undefined | false)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element "${id}".`);
  return element;
}

const entities = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };

/**
 * Nodes of a highlighted description: HTML-escaped text whose only markup is `<mark>` and `</mark>`.
 *
 * @param {string} highlight
 */
export function highlightNodes(highlight) {
  return highlight.split(/<mark>(.*?)<\/mark>/s).map((part, index) => {
    const text = part.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity]);
    return index % 2 === 1 ? h('mark', {}, text) : text;
  });
}
