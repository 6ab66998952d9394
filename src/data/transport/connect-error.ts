/** Errors that prove that nothing of a request left the process: there was no connection to send it over. */

const CONNECT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function isConnectError(error: unknown): boolean {
  const { code, syscall, errors } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    syscall?: unknown;
    errors?: unknown;
  };
  // Several addresses were tried: all of them must have failed to connect.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isConnectError);
  return (typeof code === 'string' && CONNECT_CODES.has(code)) || (code !== undefined && syscall === 'connect');
}
