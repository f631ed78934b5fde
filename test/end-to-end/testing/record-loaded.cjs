'use strict';

// For `node --require`: writes the names of all modules that the process has loaded, as JSON, when it ends. The name of
// the file is in SELVAGE_LOADED; the process id goes behind it.

const { writeFileSync } = require('node:fs');
const nodeModule = require('node:module');

const { registerHooks } = nodeModule;
const loaded = new Set();
const recorder = {
  load(url, context, nextLoad) {
    loaded.add(url);
    return nextLoad(url, context);
  },
};

registerHooks(recorder);
// The last ones are asked first, and the program's own ask nobody behind them.
nodeModule.registerHooks = (hooks) => {
  const registered = registerHooks(hooks);
  registerHooks(recorder);
  return registered;
};

process.on('exit', () => writeFileSync(`${process.env.SELVAGE_LOADED}.${process.pid}`, JSON.stringify([...loaded])));
