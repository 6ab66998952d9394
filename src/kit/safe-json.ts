/**
 * JSON from a source that is not trusted. Two things in it hurt later, far from here: nesting that overflows the stack
 * of whoever walks it, and keys that reach a prototype when somebody copies field by field.
 */

/** Registries answer with fewer than ten levels. */
const DEFAULT_MAX_DEPTH = 64;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const DROPPED_KEYS = ['__proto__', 'constructor'];

/**
 * As `JSON.parse`, without `__proto__` and `constructor` keys at any level.
 *
 * @param maxDepth how many arrays and objects may stand within each other. @default 64
 * @throws SyntaxError for what is no JSON
 * @throws RangeError for JSON that is nested too deeply
 */
export function parseJson(text: string, maxDepth: number = DEFAULT_MAX_DEPTH): unknown {
  refuseDepth(text, maxDepth);
  const value = parsed(text);
  // Keys can hide behind escapes ("\u005f_proto__"); a text with neither has nothing to drop.
  if (/__proto__|constructor|\\u/.test(text)) dropKeys(value);
  return value;
}

/** The parser's own error quotes what it stumbles over, which may be a secret that a registry repeats. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const { message } = error as Error;
    // As its `cause`, the error would be quoted after all.
    throw new SyntaxError(/"[^]*"(?:\.{3})? is not valid JSON$/.test(message) ? 'it is no JSON' : message);
  }
}

/** Counts brackets outside of strings: before parsing, since the parser would build the whole tower first. */
function refuseDepth(text: string, maxDepth: number): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        if (++depth > maxDepth) throw new RangeError(`the JSON is nested deeper than ${maxDepth} levels`);
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth--;
    }
  }
}

/** Index of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}

function dropKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) for (const key of DROPPED_KEYS) delete (value as Record<string, unknown>)[key];
  for (const member of Object.values(value)) dropKeys(member);
}
