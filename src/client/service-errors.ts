/** Why nobody can be picked, in words that name the service and the cause. */

import { callError, describeError, NoEndpointsError, type FairleadError } from '../core/errors.js';
import type { ServiceState } from './service-state.js';

/** `code` forces one kind: `pick` always throws a NoEndpointsError. */
export function unpickableError(service: string, state: ServiceState, code?: 'ERR_NO_ENDPOINTS'): FairleadError {
  const { status, error } = state.resolution;
  const { refusedReasons } = state.membership;
  const [refused] = refusedReasons;
  if (code !== undefined) return new NoEndpointsError(`${service}: ${inWords(state)}`, { service, cause: error });
  if (refused !== undefined && state.membership.endpoints.length === 0)
    return callError('ERR_ADDRESS_REFUSED', `${service}: ${inWords(state)}`, { service });
  if (status === 'unknown' || status === 'failed')
    return callError('ERR_RESOLUTION_FAILED', `${service}: ${inWords(state)}`, { service, cause: error });
  return callError('ERR_NO_ENDPOINTS', `${service}: ${inWords(state)}`, { service, cause: error });
}

/** The state of discovery in a sentence. */
export function inWords({ resolution, membership, subset }: ServiceState): string {
  const { status, error, held, restored } = resolution;
  const reason = error === undefined ? '' : `: ${describeError(error)}`;
  const [refused] = membership.refusedReasons;
  switch (status) {
    case 'unknown':
      return `discovery has not answered yet${reason}`;
    case 'failed':
      return `discovery could not be asked${reason}`;
    case 'none':
      return 'discovery says that nobody serves it';
    case 'found': {
      if (refused !== undefined && membership.endpoints.length === 0)
        return `every endpoint was refused: ${refused[0]} ${refused[1]}`;
      const size = membership.endpoints.length;
      const outside = subset.outside.size;
      const part = outside === 0 ? '' : `, ${size - outside} of them in this client's subset`;
      const count = `${size === 1 ? '1 endpoint' : `${size} endpoints`}${part}`;
      const kept =
        held === undefined ? '' : `; ${held === 'empty' ? 'an empty' : 'a much smaller'} answer is kept back for now`;
      if (restored) return `${count}, from a list on disk: discovery has not answered since the start${reason}${kept}`;
      return error === undefined ? `${count}${kept}` : `${count}, from an older answer: asking fails now${reason}`;
    }
  }
}

export function clientClosed(service: string): FairleadError {
  return callError('ERR_CLIENT_CLOSED', `${service}: the client was closed`, { service });
}
