/**
 * Errors that prove that the other side did nothing with a request although it had left: then it may be sent again,
 * whatever its method. (Whatever was read of its body is gone all the same.)
 */

import { isHandshakeAlert } from './tls-error.js';

/** Of our HTTP/2: a stream that the server did not look at. */
export const REFUSED_STREAM = 'ERR_HTTP2_REFUSED_STREAM';

export function isUnprocessed(error: unknown): boolean {
  const { code } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown };
  return code === REFUSED_STREAM || isHandshakeAlert(error);
}
