/**
 * Questions to and answers of name servers as bytes. The encoding is `dns-packet`'s; the distrust is ours
 * (message-layout.ts).
 */

import dnsPacket, { type Answer } from 'dns-packet';
import type { DnsQuestion } from './dns-error.js';
import { HEADER_BYTES, layOut, RECORD_TYPES, type RecordPlace, type Section } from './message-layout.js';

/** Fits into one unfragmented packet on every path (DNS flag day 2020; RFC 9715 §3.2). */
const UDP_PAYLOAD_BYTES = 1_232;

/** RFC 2181 §8: with the highest bit set, a time to live counts as zero. */
const MAX_TTL_SECONDS = 0x7fff_ffff;

interface RecordBase {
  /** The owner: lower case, without a trailing dot. */
  readonly name: string;
  readonly ttlSeconds: number;
}

export interface AddressRecord extends RecordBase {
  readonly type: 'A' | 'AAAA';
  readonly address: string;
}

export interface AliasRecord extends RecordBase {
  readonly type: 'CNAME';
  readonly target: string;
}

export interface ServiceRecord extends RecordBase {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Lower case, without a trailing dot; `.` for "not available". */
  readonly target: string;
}

export type DnsRecord = AddressRecord | AliasRecord | ServiceRecord;

export interface DnsMessage {
  /** With the upper bits that EDNS adds (RFC 6891 §6.1.3). */
  readonly rcode: number;
  readonly truncated: boolean;
  readonly answers: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** Whether the authority section has the SOA that proves a negative answer (RFC 2308 §2). */
  readonly hasSoa: boolean;
  /** "Ask those", from a server that does not know (RFC 2308 §2.2): not a negative answer, although it has no records. */
  readonly isReferral: boolean;
}

/** @param edns whether to say how large an answer may be; a few servers take offence */
export function encodeQuestion({ type, name }: DnsQuestion, id: number, edns: boolean): Buffer {
  const options = {
    type: 'OPT' as const,
    name: '.',
    udpPayloadSize: UDP_PAYLOAD_BYTES,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return dnsPacket.encode({
    type: 'query',
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type, name, class: 'IN' }],
    additionals: edns ? [options] : [],
  });
}

/**
 * Whether a message answers this question and no other: the same id, and the question repeated. Whoever did not see
 * the question has to guess the id, the port and the name to pass. A bare failure may leave the question out.
 */
export function answersQuestion(message: Buffer, question: Buffer): boolean {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== question.readUInt16BE(0)) return false;
  const isStandardResponse = (message.readUInt8(2) & 0xf8) === 0x80;
  if (!isStandardResponse) return false;
  const questions = message.readUInt16BE(4);
  if (questions === 0) return (message.readUInt8(3) & 0x0f) !== 0 && message.readUInt16BE(6) === 0;
  const end = questionEnd(question);
  return questions === 1 && message.length >= end && foldCase(message, end).equals(foldCase(question, end));
}

function questionEnd(question: Buffer): number {
  let at = HEADER_BYTES;
  for (let length = question[at]; length !== undefined && length !== 0; length = question[at]) at += length + 1;
  return at + 5;
}

/** Name, type and class; the types and classes we ask for have no byte that is a letter. */
function foldCase(message: Buffer, end: number): Buffer {
  return Buffer.from(message.subarray(HEADER_BYTES, end)).map((byte) =>
    byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte,
  ) as Buffer;
}

/** @throws Error that says what is malformed */
export function readMessage(message: Buffer): DnsMessage {
  const places = layOut(message);
  const has = (section: Section, type: number): boolean =>
    places.some((place) => place.section === section && place.type === type);
  const records = (section: Section): DnsRecord[] =>
    places.flatMap((place) => (place.section === section ? (readRecord(message, place) ?? []) : []));

  const rcode = (message.readUInt8(3) & 0x0f) | extendedRcode(message, places);
  const answers = records('answer');
  const hasSoa = has('authority', RECORD_TYPES.SOA);
  const isAuthoritative = (message.readUInt8(2) & 0x04) !== 0;
  return {
    rcode,
    truncated: (message.readUInt8(2) & 0x02) !== 0,
    answers,
    additionals: records('additional'),
    hasSoa,
    isReferral: rcode === 0 && answers.length === 0 && !hasSoa && !isAuthoritative && has('authority', RECORD_TYPES.NS),
  };
}

/** The codec of one record, which the package exports and its types leave out. */
const { answer: recordCodec } = dnsPacket as unknown as {
  readonly answer: { decode(message: Buffer, offset: number): Answer };
};

const READ_TYPES: ReadonlySet<number> = new Set([
  RECORD_TYPES.A,
  RECORD_TYPES.AAAA,
  RECORD_TYPES.CNAME,
  RECORD_TYPES.SRV,
]);

function readRecord(message: Buffer, { type, offset }: RecordPlace): DnsRecord | undefined {
  if (!READ_TYPES.has(type)) return undefined;
  const record = recordCodec.decode(message, offset);
  const ttl = 'ttl' in record ? (record.ttl ?? 0) : 0;
  const base = { name: record.name.toLowerCase(), ttlSeconds: ttl > MAX_TTL_SECONDS ? 0 : ttl };
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return { ...base, type: record.type, address: record.data };
    case 'CNAME':
      return { ...base, type: 'CNAME', target: record.data.toLowerCase() };
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = record.data;
      return { ...base, type: 'SRV', priority, weight, port, target: target.toLowerCase() };
    }
    default:
      return undefined;
  }
}

function extendedRcode(message: Buffer, places: readonly RecordPlace[]): number {
  const options = places.find(({ type }) => type === RECORD_TYPES.OPT);
  return options === undefined ? 0 : message.readUInt8(options.fixedAt + 4) << 4;
}
