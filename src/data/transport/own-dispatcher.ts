/**
 * Marks dispatchers that route by name. When an application makes one of them the global dispatcher, requests to
 * endpoints must not be handed back to it: they would go in circles.
 */
export const OWN_DISPATCHER: unique symbol = Symbol.for('fairlead.dispatcher') as never;

export function isOwnDispatcher(value: unknown): boolean {
  return typeof value === 'object' && value !== null && OWN_DISPATCHER in value;
}
