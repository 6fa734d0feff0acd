import { anyOption, oneOf, type OptionKind } from '../core/check-options.ts';
import { gatewayOptionKinds } from '../gateway/check-gateway-options.ts';
import type { MountOptions } from './mount.ts';

const { listen: _listen, ...ofGateway } = gatewayOptionKinds;

/** What each option of a mount may be. */
export const mountOptionKinds = {
  ...ofGateway,
  // Held against the configuration, at each reload anew.
  routes: anyOption,
  otherwise: oneOf('next', 'answer'),
  onError: oneOf('answer', 'next'),
} as const satisfies Record<keyof MountOptions, OptionKind>;
