import * as z from 'zod';
import { headerName } from '../schema/field.ts';
import { distinct, rule } from '../schema/rule.ts';

const starAlone = (what: string) =>
  rule<string[]>(['*'], function* (words) {
    if (words.includes('*') && words.length > 1) {
      yield {
        path: [words.indexOf('*')],
        message: `"*" cannot stand beside other ${what}`,
        expected: `"*" alone, or a list of ${what}`,
      };
    }
  });

const origin = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /(^\*$)|(^(http(s)?):\/\/(((\*\.)?([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(:([0-9]{1,5}))?)$)/,
    '"*", or scheme and host as in https://shop.example.com or https://*.example.com:8443, without path',
  );

const method = z.enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', '*']);

/** Which pages of other origins may call, and how (WHATWG Fetch §3.2). */
export const corsFilter = z.strictObject({
  allowOrigins: z
    .array(origin)
    .max(64)
    .check(distinct, starAlone('origins'))
    .default([])
    .describe('Origins whose pages may call.'),
  allowMethods: z
    .array(method)
    .max(9)
    .check(distinct, starAlone('methods'))
    .default([])
    .describe('Methods that they may use.'),
  allowHeaders: z
    .array(headerName())
    .max(64)
    .check(distinct, starAlone('headers'))
    .default([])
    .describe('Request headers that they may send.'),
  exposeHeaders: z
    .array(headerName())
    .max(64)
    .check(distinct)
    .default([])
    .describe('Response headers that they may read.'),
  allowCredentials: z.boolean().default(false).describe('Whether cookies and other credentials may be sent along.'),
  maxAge: z
    .int()
    .min(1)
    .max(2_147_483_647)
    .default(5)
    .describe('How long browsers may keep the answer to a preflight, in seconds.'),
});
