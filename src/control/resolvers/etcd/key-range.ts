/** Which keys begin with a prefix, as etcd wants to be asked: from a key up to, and without, another. */

export interface KeyRange {
  /** base64 */
  readonly key: string;
  /** base64 */
  readonly range_end: string;
}

/** Every key that begins with `prefix`. */
export function prefixRange(prefix: string): KeyRange {
  const key = Buffer.from(prefix, 'utf8');
  return { key: key.toString('base64'), range_end: Buffer.from(endOfPrefix(key)).toString('base64') };
}

/**
 * The first key, in the order of their bytes, after all that begin with `prefix`: its last byte counted up, after those
 * that cannot be (0xff) are dropped. A prefix of nothing else has no key after it: etcd takes the byte 0 for the end of
 * all keys ("If range_end is '\0', the range is all keys greater than or equal to the key argument", rpc.proto).
 */
export function endOfPrefix(prefix: Uint8Array): Uint8Array {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  if (last === -1) return new Uint8Array([0]);
  const end = prefix.slice(0, last + 1);
  end[last] = (end[last] as number) + 1;
  return end;
}
