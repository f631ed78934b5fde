'use strict';

// For `node --require`: writes the names of all modules that the process has loaded, as JSON, when it ends. The name of
// the file is in SELVAGE_LOADED; the process id goes behind it.

const { writeFileSync } = require('node:fs');
const { registerHooks } = require('node:module');

const loaded = [];

registerHooks({
  load(url, context, nextLoad) {
    loaded.push(url);
    return nextLoad(url, context);
  },
});

process.on('exit', () => writeFileSync(`${process.env.SELVAGE_LOADED}.${process.pid}`, JSON.stringify(loaded)));
