/** Responses and errors as plain data: everything that a caller can observe of them. */

import { createHash } from 'node:crypto';

/** Awaits a call and describes how it ended. `reasons` are values whose identity matters, by name. */
export async function settle(call: Promise<Response>, reasons: Record<string, unknown> = {}): Promise<unknown> {
  let response: Response;
  try {
    response = await call;
  } catch (error) {
    return { rejected: describeError(error, reasons) };
  }
  return { resolved: await describeResponse(response, reasons) };
}

export async function describeResponse(response: Response, reasons: Record<string, unknown> = {}): Promise<unknown> {
  const head = describeHead(response);
  const body = await attempt(async () => shorten(Buffer.from(await response.arrayBuffer())), reasons);
  return { ...head, body, usedAfter: response.bodyUsed, tag: Object.prototype.toString.call(response) };
}

/** All but the body. */
export function describeHead(response: Response): Record<string, unknown> {
  const { status, statusText, ok, type, url, redirected, bodyUsed, headers } = response;
  return {
    status,
    statusText,
    ok,
    type,
    url,
    redirected,
    bodyUsed,
    hasBody: response.body !== null,
    isGlobalResponse: response instanceof Response,
    headers: [...headers],
    setCookie: headers.getSetCookie(),
  };
}

/** What an action gives, or how it fails. */
export async function attempt(
  action: () => unknown,
  reasons: Record<string, unknown> = {},
): Promise<{ value: unknown } | { rejected: unknown }> {
  try {
    return { value: await action() };
  } catch (error) {
    return { rejected: describeError(error, reasons) };
  }
}

/** By name and not by class: inside Jest the platform's errors come from another realm. */
export function describeError(error: unknown, reasons: Record<string, unknown> = {}): unknown {
  for (const [name, reason] of Object.entries(reasons)) if (reason === error) return { isReason: name };
  if (typeof error !== 'object' || error === null) return { value: String(error), typeof: typeof error };
  const { name, message, code, cause, errors } = error as Record<string, unknown>;
  return {
    name,
    constructor: (error.constructor as { name?: string } | undefined)?.name,
    tag: Object.prototype.toString.call(error),
    message,
    code,
    keys: Object.keys(error).sort().join(),
    hasStack: 'stack' in error,
    ...(cause === undefined ? {} : { cause: describeError(cause, reasons) }),
    ...(Array.isArray(errors) ? { errors: errors.map((each) => describeError(each, reasons)) } : {}),
  };
}

/** Latin-1, which loses nothing, and without the boundaries of forms, which are random; long ones as their hash. */
export function shorten(bytes: Buffer): string {
  const text = bytes.toString('latin1').replace(BOUNDARY, 'BOUNDARY');
  if (text.length <= 2_000) return text;
  return `${bytes.length} bytes, ${createHash('sha1').update(text, 'latin1').digest('hex')}`;
}

export const BOUNDARY: RegExp = /formdata-(?:undici|node)-\d+/g;
