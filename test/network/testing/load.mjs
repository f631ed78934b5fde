// A workload of a test: asks one URL from several places at once by way of its HTTP proxy, and writes a line for each
// answer: status, milliseconds, first words.
import { Agent, request } from 'node:http';
import process from 'node:process';

// A sidecar that was killed cannot end it.
const sidecar = process.ppid;
setInterval(() => process.ppid === sidecar || process.exit(), 50).unref();

const [url, places = '4', pauseMs = '10'] = process.argv.slice(2);
const proxy = new URL(process.env.HTTP_PROXY);
const agent = new Agent({ keepAlive: true });

function ask() {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const settle = (status, text) =>
      resolve(`${status} ${Math.round(performance.now() - startedMs)} ${text.replaceAll('\n', ' ')}`);
    const options = { agent, host: proxy.hostname, port: proxy.port, path: url, headers: { host: new URL(url).host } };
    const asked = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => settle(response.statusCode, text)).on('error', (error) => settle(0, error.message));
    });
    asked.on('error', (error) => settle(0, error.message));
    asked.end();
  });
}

for (let i = 0; i < Number(places); i++) {
  void (async () => {
    for (;;) {
      process.stdout.write(`${await ask()}\n`);
      await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
    }
  })();
}
