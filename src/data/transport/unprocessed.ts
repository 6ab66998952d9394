/**
 * Errors that prove that the other side did nothing with a request although it had left: then it may be sent again,
 * whatever its method. (Whatever was read of its body is gone all the same.)
 */

import { isHandshakeAlert } from './tls-error.js';

export function isUnprocessed(error: unknown): boolean {
  return isHandshakeAlert(error);
}
