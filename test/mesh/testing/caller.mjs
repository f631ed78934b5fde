// A workload of a test: asks one URL again and again by way of its HTTP proxy, and writes a line for each answer.
import { request } from 'node:http';
import process from 'node:process';

// A sidecar that was killed cannot end it.
const sidecar = process.ppid;
setInterval(() => process.ppid === sidecar || process.exit(), 50).unref();

const [url] = process.argv.slice(2);
const proxy = new URL(process.env.HTTP_PROXY);

function ask() {
  return new Promise((resolve) => {
    const asked = request(
      { host: proxy.hostname, port: proxy.port, path: url, headers: { host: new URL(url).host } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('end', () =>
          resolve(`${response.statusCode} ${response.statusCode === 200 ? text : text.replaceAll('\n', ' ')}`),
        );
      },
    );
    asked.on('error', (error) => resolve(`0 ${error.message}`));
    asked.end();
  });
}

for (;;) {
  process.stdout.write(`${await ask()}\n`);
  await new Promise((resolve) => setTimeout(resolve, 10));
}
