import { BridgedLegacyHandler } from './bridge-legacy-handler.js';
import { BridgedModernHandler } from './bridge-modern-handler.js';
import type { DispatchHandler, HandlerShape } from './dispatcher-like.js';
import { shapeOf } from './handler-shape.js';

/** The handler itself when it is of this generation, which is the normal case; else a stand-in that is. */
export function bridgeHandler(handler: DispatchHandler, shape: HandlerShape): DispatchHandler {
  if (shapeOf(handler) === shape) return handler;
  return shape === 'legacy' ? new BridgedModernHandler(handler) : new BridgedLegacyHandler(handler);
}
