import { rule } from '../schema/rule.ts';

const maxMatchesPerRoute = 128;

/** Bounds the matches of all rules of a route together, as the standard does. */
export const totalMatches = rule<{ matches: unknown[] }[]>(['*.matches'], function* (rules) {
  const total = rules.reduce((sum, { matches }) => sum + matches.length, 0);
  if (total > maxMatchesPerRoute) {
    yield {
      path: [],
      message: `found ${total} matches in all rules together`,
      expected: `at most ${maxMatchesPerRoute} (split the route)`,
    };
  }
});
