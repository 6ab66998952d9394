/**
 * What a failed handshake is told as. The platform's messages speak of "the host", and there are two in play here: the
 * endpoint that was dialled, and the name that its certificate should have been for. Whoever repairs it must know both.
 */

export interface TlsPeer {
  /** `host:port` as dialled. */
  readonly address: string;
  /** What the certificate must be for; undefined for the address itself. */
  readonly serverName: string | undefined;
}

/** The same error code, for whoever looks at it, in words that say where and for whom. */
export function handshakeError(error: unknown, peer: TlsPeer): Error {
  const { code, message, reason } = error as { code?: unknown; message?: string; reason?: string };
  const text = `TLS with ${peer.address}${asName(peer)} failed: ${reason ?? message}`;
  return Object.assign(new Error(text, { cause: error }), { code });
}

/** In place, because others listen to the same connection. */
export function nameInAlert(error: Error, peer: TlsPeer): void {
  error.message = `${peer.address}${asName(peer)} ended TLS: ${error.message}`;
}

/**
 * Alerts by which a server refuses a handshake (RFC 8446 §6.2). It never looked at a request that was already under way.
 */
export function isHandshakeAlert(error: unknown): boolean {
  const { code } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown };
  return typeof code === 'string' && ALERT.test(code);
}

const ALERT =
  /^ERR_SSL_\w*ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|NO_CERTIFICATE)$/;

function asName({ serverName }: TlsPeer): string {
  return serverName === undefined ? '' : ` for ${serverName}`;
}

/**
 * For undici (6 to 8) a certificate for another name is a case of its own (client.js, by this code): the requests that
 * wait are failed, but still counted as running, so that the connection's client never sends again and never closes. With
 * one connection per endpoint that is every later call. So undici is told of something else, and we know what it was.
 */
class Concealed extends Error {
  readonly concealed: Error;

  constructor(concealed: Error) {
    super(concealed.message);
    this.concealed = concealed;
  }
}

/** What undici may be told of this error of a connection. */
export function concealed(error: Error | null): Error | null {
  return (error as { code?: unknown } | null)?.code === 'ERR_TLS_CERT_ALTNAME_INVALID'
    ? new Concealed(error as Error)
    : error;
}

/** The error that undici was not told of, where it is one of those. */
export function revealed(error: unknown): unknown {
  return error instanceof Concealed ? error.concealed : error;
}
