/**
 * What TLS connections to the endpoints of one service are made with: one secure context for all of them, instead of
 * one for each connection, which would parse the same certificates again every time.
 *
 * Certificates live for hours where they are issued by a mesh or a cluster, and then it is their files that change.
 * Those are read again on an interval, which works with whatever replaces them (a rename, a link that is switched as
 * Kubernetes does, a network drive), where watching does not. A file that cannot be used changes nothing: half of a
 * pair that is just being replaced, an authority that was cut short, a key that is gone. What was in force stays so.
 */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '../../core/clock.js';
import type { Pem } from '../../kit/pem.js';
import type { TlsSettings } from './tls-settings.js';

export interface TlsMaterial {
  readonly context: SecureContext;
}

export interface TlsSource {
  /**
   * What is in force. The same object until a file brings something new.
   * @throws Error that names the option, when nothing usable was there yet; the files are tried again each time
   */
  current(): TlsMaterial;
  close(): void;
}

export interface TlsSourceInput {
  readonly settings: TlsSettings;
  readonly clock: Clock;
  /** New material is in force. */
  readonly onReload: () => void;
  /** It is not; said once for each reason. */
  readonly onFailure: (error: Error) => void;
}

const RELOAD_INTERVAL_MS = 10_000;

type FileOption = 'caFile' | 'certFile' | 'keyFile' | 'pfxFile';
const FILE_OPTIONS: readonly FileOption[] = ['caFile', 'certFile', 'keyFile', 'pfxFile'];
type Files = Partial<Record<FileOption, Buffer>>;

export function createTlsSource(input: TlsSourceInput): TlsSource {
  const { settings, clock } = input;
  const paths = FILE_OPTIONS.flatMap((option): [FileOption, string][] => {
    const path = settings[option];
    return path === undefined ? [] : [[option, path]];
  });
  let material: TlsMaterial | undefined;
  let files: Files = {};
  let timer: Disposable | undefined;
  let complaint: string | undefined;
  let closed = false;

  function adopt(read: Files): void {
    material = { context: secureContextOf(settings, read) };
    files = read;
    complaint = undefined;
  }

  function readAgainLater(): void {
    if (paths.length > 0 && !closed)
      timer = clock.setTimer(() => void reload(), settings.reloadIntervalMs ?? RELOAD_INTERVAL_MS);
  }

  async function reload(): Promise<void> {
    try {
      const read: Files = {};
      for (const [option, path] of paths) read[option] = await readFile(path).catch(refuseFile(option, path));
      if (!closed && !sameFiles(files, read)) {
        adopt(read);
        input.onReload();
      } else {
        complaint = undefined;
      }
    } catch (error) {
      const { message } = error as Error;
      if (!closed && message !== complaint) input.onFailure(error as Error);
      complaint = message;
    }
    readAgainLater();
  }

  return {
    current() {
      if (material !== undefined) return material;
      const read: Files = {};
      for (const [option, path] of paths) {
        try {
          read[option] = readFileSync(path);
        } catch (error) {
          refuseFile(option, path)(error);
        }
      }
      adopt(read);
      readAgainLater();
      return material as unknown as TlsMaterial;
    },
    close() {
      closed = true;
      timer?.[Symbol.dispose]();
    },
  };
}

function sameFiles(before: Files, now: Files): boolean {
  return FILE_OPTIONS.every((option) => {
    const [a, b] = [before[option], now[option]];
    return a === undefined || b === undefined ? a === b : a.equals(b);
  });
}

function secureContextOf(settings: TlsSettings, files: Files): SecureContext {
  const ca = files.caFile ?? settings.ca;
  if (ca !== undefined) checkAuthorities(ca, nameOf(settings, 'ca'));
  const { minVersion = 'TLSv1.2', passphrase } = settings;
  const options: Record<string, unknown> = { minVersion };
  const given = { ca, cert: files.certFile ?? settings.cert, key: files.keyFile ?? settings.key };
  // Undefined would not do: with some of these, the platform then trusts nobody.
  for (const [name, value] of Object.entries({ ...given, pfx: files.pfxFile ?? settings.pfx, passphrase }))
    if (value !== undefined) options[name] = value;
  try {
    return createSecureContext(options);
  } catch (error) {
    const names = (['cert', 'key', 'pfx'] as const).filter((name) => options[name] !== undefined);
    throw unusable(names.map((name) => nameOf(settings, name)).join(' with '), error);
  }
}

function nameOf(settings: TlsSettings, name: 'ca' | 'cert' | 'key' | 'pfx'): string {
  const path = settings[`${name}File`];
  return path === undefined ? `tls.${name}` : `tls.${name}File ${path}`;
}

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** The platform takes a text without any certificate for "trust nobody", and says nothing. */
function checkAuthorities(ca: Pem, name: string): void {
  const texts = (Array.isArray(ca) ? ca : [ca]) as readonly (string | Buffer)[];
  for (const text of texts) {
    const certificates = text.toString().match(CERTIFICATE);
    if (certificates === null) throw unusable(name, new Error('it holds no certificate'));
    try {
      for (const certificate of certificates) void new X509Certificate(certificate);
    } catch (error) {
      throw unusable(name, error);
    }
  }
}

function refuseFile(option: FileOption, path: string): (error: unknown) => never {
  return (error) => {
    throw unusable(`tls.${option} ${path}`, error);
  };
}

function unusable(what: string, error: unknown): Error {
  const { message, code } = error as { message: string; code?: unknown };
  return Object.assign(new Error(`${what} cannot be used: ${message}`, { cause: error }), { code });
}
