import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWrk, requestScript } from './wrk.ts';

const CLEAN = `Running 2s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.81ms    2.10ms  31.95ms   89.39%
    Req/Sec    41.20k     3.44k   47.10k    65.00%
  Latency Distribution
     50%  812.00us
     75%    2.02ms
     90%    4.05ms
     99%    1.01s 
  82412 requests in 2.10s, 12.26MB read
Requests/sec:  39243.81
Transfer/sec:      5.84MB
`;

test('parseWrk reads counts, times and sizes with their units', () => {
  assert.deepEqual(parseWrk(CLEAN), {
    requests: 82412,
    seconds: 2.1,
    bytesRead: 12.26 * 2 ** 20,
    p50Us: 812,
    p99Us: 1.01e6,
    badStatuses: 0,
    socketErrors: 0,
  });
});

test('parseWrk reads errors', () => {
  const failing = CLEAN.replace(
    'Requests/sec',
    '  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 7\nRequests/sec',
  );
  const { badStatuses, socketErrors } = parseWrk(failing);
  assert.equal(badStatuses, 7);
  assert.equal(socketErrors, 4321);
});

test('parseWrk throws when there is no summary', () => {
  assert.throws(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused'), SyntaxError);
});

test('requestScript cycles through all routes, and through four with bodies', () => {
  const get = requestScript({ resource: 'small', connections: 1, routes: 100 });
  assert.match(get, /for route = 0, 99 do/);
  assert.match(get, /"GET", "\/r" \.\. route \.\. "\/small"/);
  const post = requestScript({ resource: 'sink', upload: 1024, connections: 1, routes: 100 });
  assert.match(post, /for route = 0, 3 do/);
  assert.match(post, /string\.rep\("x", 1024\)/);
  assert.match(post, /"POST"/);
});
