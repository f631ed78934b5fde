import type {
  CorsSpec,
  FilterSpec,
  HeaderModifications,
  PathModifier,
  RequestMirrorSpec,
  RequestRedirectSpec,
  UrlRewriteSpec,
} from '../http-route.ts';
import {
  type Check,
  fields,
  flag,
  list,
  number,
  oneOf,
  orAbsent,
  orNull,
  type Shape,
  text,
  variants,
} from './check.ts';

/** Names of policies, by level. */
export const levels: Check = list(list(text));

const nameAndValue = fields<HeaderModifications['set'][number]>({ name: text, value: text });

const headerModifications: Shape<HeaderModifications> = {
  set: list(nameAndValue),
  add: list(nameAndValue),
  remove: list(text),
};

const pathModifier = fields<PathModifier>({ type: oneOf('ReplaceFullPath', 'ReplacePrefixMatch'), value: text });

const SHAPES: Readonly<Record<FilterSpec['type'], Check>> = {
  RequestHeaderModifier: fields({ type: text, ...headerModifications }),
  ResponseHeaderModifier: fields({ type: text, ...headerModifications }),
  RequestRedirect: fields<RequestRedirectSpec>({
    type: text,
    scheme: orNull(oneOf('http', 'https')),
    hostname: orNull(text),
    path: orNull(pathModifier),
    port: orNull(number),
    statusCode: number,
  }),
  URLRewrite: fields<UrlRewriteSpec>({ type: text, hostname: orNull(text), path: orNull(pathModifier) }),
  RequestMirror: fields<RequestMirrorSpec>({
    type: text,
    cluster: orNull(text),
    numerator: number,
    denominator: number,
    authorization: orAbsent(levels),
  }),
  CORS: fields<CorsSpec>({
    type: text,
    allowOrigins: list(text),
    allowMethods: list(text),
    allowHeaders: list(text),
    exposeHeaders: list(text),
    allowCredentials: flag,
    maxAgeSeconds: number,
  }),
  Authorization: fields({ type: text, levels }),
  Invalid: fields({ type: text, reason: text }),
};

export const filters: Check = list(variants(SHAPES));
