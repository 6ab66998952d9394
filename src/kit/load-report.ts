/**
 * What a server says about its load in the header `endpoint-load-metrics` (ORCA, `xds/data/orca/v3/orca_load_report.proto`), in
 * its three forms:
 *
 *     TEXT cpu_utilization=0.3, rps_fractional=10.0, named_metrics.queue=0.4
 *     JSON {"cpu_utilization": 0.3, "rps_fractional": 10.0, "named_metrics": {"queue": 0.4}}
 *     BIN  and the message in base64, which `endpoint-load-metrics-bin` holds without the word
 *
 * A report that cannot be read is none: a header must not fail a request.
 */

import { parseJson } from './safe-json.js';

/** Numbers by name; those in a map by `map.name`. */
export type LoadReport = ReadonlyMap<string, number>;

const FORMS: Readonly<Record<string, (text: string) => LoadReport>> = { TEXT: ofText, JSON: ofJson, BIN: ofBinary };

/** @param header takes a lower-case name */
export function readLoadReport(header: (name: string) => string | undefined): LoadReport | undefined {
  try {
    const text = header('endpoint-load-metrics');
    if (text !== undefined) {
      const space = text.indexOf(' ');
      return FORMS[text.slice(0, space)]?.(text.slice(space + 1).trim());
    }
    const binary = header('endpoint-load-metrics-bin');
    return binary === undefined ? undefined : ofBinary(binary);
  } catch {
    return undefined;
  }
}

function ofText(text: string): LoadReport {
  const report = new Map<string, number>();
  for (const pair of text.split(',')) {
    // Envoy writes a colon, the specification an equals sign.
    const [, name, value] = /^\s*([^=:\s]+)\s*[=:]\s*(\S+)\s*$/.exec(pair) ?? [];
    if (name !== undefined) put(report, name, Number(value));
  }
  return report;
}

function ofJson(text: string): LoadReport {
  const report = new Map<string, number>();
  for (const [key, value] of Object.entries(parseJson(text, 4) as object) as [string, unknown][]) {
    // The JSON form of a message may be in either case.
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (typeof value !== 'object' || value === null) put(report, name, value);
    else for (const [inner, number] of Object.entries(value)) put(report, `${name}.${inner}`, number);
  }
  return report;
}

/** By field number. */
const NUMBERS: readonly (string | undefined)[] = [
  undefined,
  'cpu_utilization',
  'mem_utilization',
  undefined,
  undefined,
  undefined,
  'rps_fractional',
  'eps',
  undefined,
  'application_utilization',
];
const MAPS: Readonly<Record<number, string>> = { 4: 'request_cost', 5: 'utilization', 8: 'named_metrics' };

function ofBinary(text: string): LoadReport {
  const report = new Map<string, number>();
  for (const { field, value } of fieldsOf(Buffer.from(text, 'base64'))) {
    const map = MAPS[field];
    if (typeof value === 'number') {
      const name = NUMBERS[field];
      if (name !== undefined) put(report, name, value);
    } else if (map !== undefined && value !== undefined) {
      const [key, number] = [...fieldsOf(value)];
      if (key?.value instanceof Uint8Array) put(report, `${map}.${Buffer.from(key.value).toString()}`, number?.value);
    }
  }
  return report;
}

interface Field {
  readonly field: number;
  /** A double, bytes, or neither of them. */
  readonly value: number | Uint8Array | undefined;
}

/** The fields of a protocol buffer. @throws RangeError when it is cut off or of no known kind */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = view.getUint8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    let value: Field['value'];
    switch (tag % 8) {
      case 0:
        varint();
        break;
      case 1:
        value = view.getFloat64(at, true);
        at += 8;
        break;
      case 2: {
        const length = varint();
        if (at + length > bytes.length) throw new RangeError('the load report is cut off');
        value = bytes.subarray(at, at + length);
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new RangeError('the load report is no protocol buffer');
    }
    yield { field, value };
  }
}

function put(report: Map<string, number>, name: string, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value)) report.set(name, value);
}
