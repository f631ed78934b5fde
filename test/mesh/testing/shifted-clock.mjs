// Loaded into a process before all else: its clock is off by so much. What OpenSSL verifies goes by the machine's clock.
import process from 'node:process';

const shiftMs = Number(process.env.SHIFT_CLOCK_MS);
const RightDate = globalThis.Date;

globalThis.Date = class Date extends RightDate {
  constructor(...args) {
    if (args.length === 0) super(RightDate.now() + shiftMs);
    else super(...args);
  }

  static now() {
    return RightDate.now() + shiftMs;
  }
};
