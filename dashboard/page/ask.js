import { useEffect, useRef, useState } from '/vendor/preact.js';

/**
 * Asks the server; with a body, as POST.
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function ask(path, body) {
  const sent = body && {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
  const answer = await fetch(path, sent);
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.error);
  return document;
}

/** The least time between two answers to the same question. */
const LEAST_MS = 1500;

/**
 * @template T
 * @typedef {object} Answered
 * @property {T | undefined} answer the newest one; undefined before the first
 * @property {string} error why there is none, or no newer one
 */

/**
 * The answer to a question, asked again whenever the key has changed, but only while its place is
 * on the screen: reading rows costs the machine something.
 * @template T
 * @param {string | undefined} path nothing is asked while it is undefined
 * @param {string | number | null} key
 * @returns {[Answered<T>, import('/vendor/preact.js').MutableRef<any>]} with the reference of its place
 */
export function useAnswer(path, key) {
  const [state, setState] = useState({ answer: undefined, error: '' });
  const [isShown, setShown] = useState(false);
  const [turn, setTurn] = useState(0);
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const asked = useRef({ path: '', key: /** @type {typeof key | undefined} */ (undefined), isOpen: false });

  useEffect(() => {
    if (!place.current) return undefined;
    const observer = new IntersectionObserver((entries) => {
      setShown(entries.some(({ isIntersecting }) => isIntersecting));
    });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const { path: before, key: known, isOpen } = asked.current;
    if (!isShown || isOpen || path === undefined || (before === path && known === key)) return;
    asked.current = { path, key, isOpen: true };
    ask(path)
      .then((answer) => setState({ answer, error: '' }))
      .catch((error) => setState(({ answer }) => ({ answer, error: error.message })))
      .finally(() =>
        setTimeout(() => {
          asked.current.isOpen = false;
          setTurn((last) => last + 1);
        }, LEAST_MS),
      );
  }, [path, key, isShown, turn]);

  return [state, place];
}
