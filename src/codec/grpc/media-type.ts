/** How a gRPC message travels: over HTTP/2 as it is, or in the two forms that browsers can read. */
export type GrpcForm = 'grpc' | 'grpc-web' | 'grpc-web-text';

const GRPC = 'application/grpc';
const WEB_TEXT = 'application/grpc-web-text';
const WEB = 'application/grpc-web';

/** @param mediaType `Content-Type` of a request or response @returns null for anything but gRPC */
export function grpcFormOf(mediaType: string | undefined): GrpcForm | null {
  if (mediaType === undefined || !mediaType.startsWith(GRPC)) return null;
  if (isOf(mediaType, GRPC)) return 'grpc';
  if (isOf(mediaType, WEB_TEXT)) return 'grpc-web-text';
  return isOf(mediaType, WEB) ? 'grpc-web' : null;
}

/** `application/grpc`, perhaps with a message format (`+proto`) or parameters; not `application/grpcx`. */
function isOf(mediaType: string, base: string): boolean {
  if (!mediaType.startsWith(base)) return false;
  const next = mediaType[base.length];
  return next === undefined || next === '+' || next === ';' || next === ' ';
}

/** @returns the media type of the same messages in another form: `application/grpc-web+proto` for `application/grpc+proto` */
export function inGrpcForm(mediaType: string, form: GrpcForm): string {
  const plus = mediaType.indexOf('+');
  const format = plus === -1 ? '' : (/^\+[\w.-]+/.exec(mediaType.slice(plus))?.[0] ?? '');
  return `application/${form}${format}`;
}
