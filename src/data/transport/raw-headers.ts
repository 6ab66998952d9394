/**
 * Headers as they come over the wire, and as objects. Raw headers are a flat list: name, value, name, value. Bytes are
 * latin-1 both ways (RFC 9110 §5.5: a recipient treats other octets as opaque), so a conversion loses nothing.
 */

type RawText = Buffer | string;

export type RawHeaders = readonly (RawText | readonly RawText[])[];

/** Lower-case names; a repeated header becomes an array. */
export type HeaderRecord = Record<string, string | string[]>;

/** The value of one header (its lower-case name), repeated ones joined by a comma; nothing else is decoded. */
export function rawHeader(raw: RawHeaders, name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const key = raw[i] as RawText;
    // The length alone rules out most headers without decoding them.
    if (key.length !== name.length || decode(key).toLowerCase() !== name) continue;
    const value = joined(raw[i + 1] as RawText | readonly RawText[]);
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** Whether there is a `Connection: close`. Asked of every answer: lengths alone rule out nearly all that say something else. */
export function closesConnection(raw: RawHeaders): boolean {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const key = raw[i] as RawText;
    const value = raw[i + 1] as RawText | readonly RawText[];
    if (key.length !== 10 || value.length !== 5 || !isText(value)) continue;
    if (decode(key).toLowerCase() === 'connection' && decode(value).toLowerCase() === 'close') return true;
  }
  return false;
}

/** As {@link rawHeader}, on headers that are an object already. */
export function recordHeader(headers: HeaderRecord, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

export function recordFromRaw(raw: RawHeaders): HeaderRecord {
  const record: HeaderRecord = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = decode(raw[i] as RawText).toLowerCase();
    // A peer chooses these names; this one would reach the object's prototype.
    if (name === '__proto__') continue;
    const value = raw[i + 1] as RawText | readonly RawText[];
    const values = isText(value) ? decode(value) : value.map(decode);
    record[name] = Object.hasOwn(record, name) ? [record[name] as string, values].flat(2) : values;
  }
  return record;
}

/** Raw headers made of buffers, which is what legacy handlers read. */
export function rawFromRecord(headers: HeaderRecord): Buffer[] {
  const raw: Buffer[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name] as string | string[];
    for (const item of Array.isArray(value) ? value : [value]) {
      raw.push(Buffer.from(name, 'latin1'), Buffer.from(item, 'latin1'));
    }
  }
  return raw;
}

function isText(value: RawText | readonly RawText[]): value is RawText {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

function decode(text: RawText): string {
  return typeof text === 'string' ? text : text.toString('latin1');
}

function joined(value: RawText | readonly RawText[]): string {
  return isText(value) ? decode(value) : value.map(decode).join(', ');
}
