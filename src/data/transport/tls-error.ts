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
