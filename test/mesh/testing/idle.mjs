// A workload of a test that does nothing by itself: the test asks through its HTTP proxy.
import process from 'node:process';

// A sidecar that was killed cannot end it.
const sidecar = process.ppid;
setInterval(() => process.ppid === sidecar || process.exit(), 50);
process.stdout.write(`${process.env.HTTP_PROXY}\n`);
