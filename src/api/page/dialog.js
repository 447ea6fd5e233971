import { h } from './dom.js';

/**
 * A dialog whose address is in the page's hash, so that it can be shared and the way back works.
 *
 * @param {HTMLDialogElement} dialog
 * @param {string} hash with which the address begins
 * @param {() => void} onClose
 */
export function followDialog(dialog, hash, onClose) {
  dialog.addEventListener('close', () => {
    onClose();
    if (location.hash.startsWith(hash)) history.replaceState(null, '', location.pathname + location.search);
  });
  // A click beside the dialog closes it.
  dialog.addEventListener('click', (click) => {
    if (click.target === dialog) dialog.close();
  });
}

/** The title, and the button that closes the dialog. */
export function dialogHead(dialog, title, subtitle) {
  return h(
    'header',
    { class: 'detail-head' },
    h(
      'div',
      {},
      h('h2', { id: `${dialog.id}-title` }, title),
      subtitle && h('p', { class: 'subtitle' }, subtitle),
    ),
    h(
      'button',
      { type: 'button', class: 'close', 'aria-label': 'Close', onclick: () => dialog.close() },
      '✕',
    ),
  );
}
