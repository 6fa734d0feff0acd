import { GatewayError } from '../core/errors.ts';
import { HPE } from './llhttp.ts';
import type { MessageReader } from './message-reader.ts';
import type { HeadLimits } from './request-head.ts';

/** Why a head that the parser refused, or that grew too long, is refused: the one place that reads llhttp's codes. */
export function malformedRequest(reader: MessageReader, limits: HeadLimits): GatewayError {
  const { text, spans, targetStart, targetEnd, errorCode, errorReason } = reader;
  if (targetStart !== -1 && targetEnd - targetStart > limits.targetBytes) {
    return new GatewayError('target_too_long', `more than ${limits.targetBytes} octets`);
  }
  if (
    targetStart !== -1 &&
    (text.length - targetEnd > limits.headerBytes || spans.length > limits.headerCount * 4)
  ) {
    return new GatewayError(
      'headers_too_large',
      `${text.length - targetEnd} octets, ${spans.length / 4} lines so far`,
    );
  }
  switch (errorCode) {
    case HPE.INVALID_METHOD:
      // A method that is well-formed but unknown is another thing than garbage (RFC 9110 §15.6.2).
      return /^(\r\n)?[A-Z-]+$/.test(text)
        ? new GatewayError('method_not_implemented', 'an unknown method')
        : new GatewayError('bad_request', errorReason);
    case HPE.INVALID_VERSION:
      // Up to the octet behind the version: one that we do not speak, or one that is not a version.
      return / HTTP\/(?!1\.[01])\d\.\d[^]?$/.test(text)
        ? new GatewayError('version_not_supported', errorReason)
        : new GatewayError('bad_request', errorReason);
    case HPE.PAUSED_H2_UPGRADE:
      return new GatewayError('version_not_supported', 'an HTTP/2 preface');
    case HPE.INVALID_URL:
      return new GatewayError('bad_path', errorReason);
    case HPE.INVALID_CONTENT_LENGTH:
    case HPE.INVALID_TRANSFER_ENCODING:
      return new GatewayError('bad_framing', errorReason);
    default:
      return new GatewayError(
        'bad_request',
        errorReason === '' ? 'the head is not well-formed' : errorReason,
      );
  }
}
