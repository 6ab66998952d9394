/** Which service a URL's host means. */

/** Scheme and authority of an absolute http(s) URL as written, without parsing it; undefined when it has to be parsed. */
export function originPrefix(url: string): string | undefined {
  const start = url.startsWith('http://') ? 7 : url.startsWith('https://') ? 8 : -1;
  if (start === -1) return undefined;
  for (let index = start; index < url.length; index++) {
    const code = url.charCodeAt(index);
    // Without a host the parser goes on to look for one: `http:///orders` is `http://orders`.
    if (code === SLASH || code === QUESTION || code === HASH) return index === start ? undefined : url.slice(0, index);
    // Userinfo, escapes, backslashes and everything beyond ASCII are the parser's business.
    if (!isPlain(code)) return undefined;
  }
  return url;
}

/** Path and query of a URL whose origin was read by {@link originPrefix}, as a parser would give them; undefined when it takes a parser to tell. */
export function plainPath(url: string, start: number): string | undefined {
  if (start === url.length) return '/';
  for (let index = start; index < url.length; index++) {
    const code = url.charCodeAt(index);
    // Escapes, fragments, and segments that begin with a dot are the parser's business; so is a path that is empty.
    if (!isPlain(code) && !isPathMark(code)) return undefined;
    if (code === DOT && url.charCodeAt(index - 1) === SLASH) return undefined;
  }
  // An empty query is none.
  const ends = url.charCodeAt(url.length - 1) === QUESTION;
  return url.charCodeAt(start) === SLASH && !ends ? url.slice(start) : undefined;
}

/** `?`, `&`, `=`, `,`, `+`, `~`, `@`, `!`, `$`, `*`, `;`, `(`, `)`: left alone in paths and in queries (WHATWG URL, percent-encode sets). */
function isPathMark(code: number): boolean {
  return (
    code === QUESTION ||
    code === 0x26 ||
    code === 0x3d ||
    code === 0x7e ||
    (code >= 0x28 && code <= 0x2c) ||
    code === 0x40 ||
    code === 0x21 ||
    code === 0x24 ||
    code === 0x3b
  );
}

const DOT = 0x2e;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const HASH = 0x23;

/** Letters, digits, and `-._:[]`. */
function isPlain(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x2d && code <= 0x3a) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x5f ||
    code === 0x5b ||
    code === 0x5d
  );
}

export interface LogicalOrigin {
  /** Normalised: lower case, without the scheme's default port. */
  readonly origin: string;
  /** `'name'` or `'name:port'`, as in the URL. */
  readonly host: string;
  /** Keys under which the service may be listed, the most specific first. */
  readonly keys: readonly [withPort: string, name: string];
}

/** Reads an http(s) URL's origin; undefined when it is no such URL. */
export function logicalOrigin(url: string): LogicalOrigin | undefined {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return undefined;
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return undefined;
  const port = parsed.port === '' ? (parsed.protocol === 'https:' ? '443' : '80') : parsed.port;
  return { origin: parsed.origin, host: parsed.host, keys: [`${parsed.hostname}:${port}`, parsed.hostname] };
}
