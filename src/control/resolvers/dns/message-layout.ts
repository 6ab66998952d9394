/**
 * Where the records of a DNS message lie (RFC 1035 §4), found without trusting one length in it.
 *
 * A message comes from whoever can send a datagram. Before its records are decoded, this walk makes sure that each lies
 * within the message, that fixed data has its fixed size, and that no chain of compression pointers is long: decoding
 * what has passed takes time in proportion to the message, and reads nothing beyond it.
 */

export const HEADER_BYTES = 12;

/** As many 16-byte A records as the longest message can hold. */
const MAX_RECORDS = 4_096;

/** Real names are compressed in one or two steps; a chain of thousands is there to burn time. */
const MAX_POINTERS = 16;

/** RFC 1035 §2.3.4. */
const MAX_NAME_BYTES = 255;

export type Section = 'answer' | 'authority' | 'additional';

export interface RecordPlace {
  readonly section: Section;
  readonly type: number;
  /** In the message, of the record. */
  readonly offset: number;
  /** In the message, of its type; class, time to live and length follow (RFC 1035 §4.1.3). */
  readonly fixedAt: number;
}

export const RECORD_TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, AAAA: 28, SRV: 33, OPT: 41 } as const;

const INTERNET = 1;

/** Bytes before the name in the data of the records whose data has one that is read. */
const NAME_IN_DATA: Readonly<Record<number, number>> = { [RECORD_TYPES.CNAME]: 0, [RECORD_TYPES.SRV]: 6 };
const DATA_BYTES: Readonly<Record<number, number>> = { [RECORD_TYPES.A]: 4, [RECORD_TYPES.AAAA]: 16 };

/** Records of the Internet class, and OPT, whose class means something else. @throws Error that says what is malformed */
export function layOut(message: Buffer): RecordPlace[] {
  if (message.length < HEADER_BYTES) throw new Error('shorter than a header');
  const counts = [6, 8, 10].map((at) => message.readUInt16BE(at));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total > MAX_RECORDS) throw new Error(`${total} records, more than ${MAX_RECORDS}`);

  let at = HEADER_BYTES;
  for (let left = message.readUInt16BE(4); left > 0; left--) at = afterName(message, at) + 4;
  const places: RecordPlace[] = [];
  for (const [index, section] of (['answer', 'authority', 'additional'] as const).entries()) {
    for (let left = counts[index] ?? 0; left > 0; left--) {
      const offset = at;
      const fixedAt = afterName(message, offset);
      if (fixedAt + 10 > message.length) throw new Error('a record is cut off');
      const type = message.readUInt16BE(fixedAt);
      const bytes = message.readUInt16BE(fixedAt + 8);
      at = fixedAt + 10 + bytes;
      if (at > message.length) throw new Error('the data of a record is cut off');
      const internet = message.readUInt16BE(fixedAt + 2) === INTERNET;
      if (!internet && type !== RECORD_TYPES.OPT) continue;
      checkData(message, type, fixedAt + 10, bytes);
      places.push({ section, type, offset, fixedAt });
    }
  }
  return places;
}

/** The offset behind a name; a pointer ends it. */
function afterName(message: Buffer, start: number): number {
  checkName(message, start);
  for (let at = start; ;) {
    const length = message[at] ?? 0;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += length + 1;
  }
}

function checkName(message: Buffer, start: number): void {
  let pointers = 0;
  let bytes = 1;
  for (let at = start; ;) {
    const length = message[at];
    if (length === undefined) throw new Error('a name is cut off');
    if (length === 0) return;
    if (length >= 0xc0) {
      const low = message[at + 1];
      if (low === undefined) throw new Error('a name is cut off');
      const target = ((length & 0x3f) << 8) | low;
      // RFC 1035 §4.1.4: "a pointer to a prior occurance of the same name".
      if (target >= at) throw new Error('a name points forward');
      if (++pointers > MAX_POINTERS) throw new Error('a name has too many pointers');
      at = target;
      continue;
    }
    if (length >= 0x40) throw new Error('a name has a label of an unknown kind');
    bytes += length + 1;
    if (bytes > MAX_NAME_BYTES) throw new Error('a name is too long');
    at += length + 1;
  }
}

function checkData(message: Buffer, type: number, at: number, bytes: number): void {
  const size = DATA_BYTES[type];
  if (size !== undefined && bytes !== size) throw new Error(`an address of ${bytes} bytes`);
  const nameAt = NAME_IN_DATA[type];
  if (nameAt === undefined) return;
  if (bytes <= nameAt) throw new Error('the data of a record is too short');
  if (afterName(message, at + nameAt) !== at + bytes) throw new Error('the data of a record has a wrong length');
}
