/** Request headers in all the forms that fetch and undici take: an object, pairs, a flat list, or `Headers`. */

/** Whether a header is present; `name` in lower case. One without a value is absent: undici does not send it. */
export function hasHeader(headers: unknown, name: string): boolean {
  return headerValue(headers, name) !== undefined;
}

/** A header's value; several are joined by commas. `name` in lower case. */
export function headerValue(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  if (typeof (headers as Headers).get === 'function') return (headers as Headers).get(name) ?? undefined;
  let found: string | undefined;
  const take = (key: unknown, value: unknown): void => {
    if (value === undefined || value === null || String(key).toLowerCase() !== name) return;
    const text = Array.isArray(value) ? value.join(',') : (value as { toString(): string }).toString();
    found = found === undefined ? text : `${found},${text}`;
  };
  if (!Array.isArray(headers)) for (const [key, value] of Object.entries(headers)) take(key, value);
  // Pairs, as fetch takes them, or flat, as undici does.
  else if (Array.isArray(headers[0])) for (const [key, value] of headers as unknown[][]) take(key, value);
  else for (let at = 0; at < headers.length; at += 2) take(headers[at], headers[at + 1]);
  return found;
}

/** Whether a request asks for its connection to be ended: then that it is says nothing. */
export function asksToClose({ reset, headers }: { readonly reset?: unknown; readonly headers?: unknown }): boolean {
  return reset === true || headerValue(headers, 'connection')?.toLowerCase() === 'close';
}

/** A copy in which this header has this value only. Pairs, `Headers` and flat lists come back as a flat list, which every dispatcher takes. */
export function setHeader(headers: unknown, name: string, value: string): unknown {
  const wanted = name.toLowerCase();
  if (typeof headers !== 'object' || headers === null) return { [name]: value };
  if (!Array.isArray(headers) && !(Symbol.iterator in headers)) {
    const copy = Object.assign({}, headers) as Record<string, unknown>;
    for (const key in copy) if (key.toLowerCase() === wanted) delete copy[key];
    copy[name] = value;
    return copy;
  }
  const flat: unknown[] = [];
  const take = (key: unknown, given: unknown): void =>
    void (String(key).toLowerCase() !== wanted && flat.push(key, given));
  if (Array.isArray(headers) && !Array.isArray(headers[0]))
    for (let at = 0; at < headers.length; at += 2) take(headers[at], headers[at + 1]);
  else for (const [key, given] of headers as Iterable<[unknown, unknown]>) take(key, given);
  flat.push(name, value);
  return flat;
}
