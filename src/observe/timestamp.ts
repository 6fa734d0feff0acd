/**
 * Makes a formatter of times, `2026-11-22T13:41:19.123Z`, which remembers the last second it wrote: a busy log
 * asks for the same second thousands of times, and `toISOString` costs more than the rest of a line.
 */
export function createTimestamp(): (time: number) => string {
  let second = NaN;
  let prefix = '';
  let last = NaN;
  let text = '';
  return (time) => {
    if (time === last) return text;
    last = time;
    const whole = Math.floor(time / 1000);
    if (whole !== second) {
      second = whole;
      prefix = iso(whole * 1000).slice(0, -4);
    }
    text = `${prefix}${milliseconds(time - whole * 1000)}Z`;
    return text;
  };
}

/** Makes a formatter of local times of day, `14:41:19.123`, for people at a terminal. */
export function createTimeOfDay(): (time: number) => string {
  let second = NaN;
  let prefix = '';
  return (time) => {
    const whole = Math.floor(time / 1000);
    if (whole !== second) {
      second = whole;
      const date = new Date(whole * 1000);
      prefix = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
    }
    return `${prefix}.${milliseconds(time - whole * 1000)}`;
  };
}

function iso(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '1970-01-01T00:00:00.000Z' : date.toISOString();
}

function milliseconds(value: number): string {
  const whole = Number.isFinite(value) ? Math.floor(value) : 0;
  return whole < 10 ? `00${whole}` : whole < 100 ? `0${whole}` : `${whole}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
