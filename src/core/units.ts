import { z } from 'zod';
import { foundIn } from './found-in.ts';
import { withRemedy } from './remedy.ts';

/** The units of a duration and how many milliseconds each stands for. */
const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The units of a size and how many bytes each stands for; `kb` is 1024 bytes, as in nginx. */
const sizeUnits = {
  b: 1,
  kb: 1024,
  kib: 1024,
  mb: 1_048_576,
  mib: 1_048_576,
  gb: 1_073_741_824,
  gib: 1_073_741_824,
} as const;

type Placeholder = `\${${string}}`;
type DurationUnit = keyof typeof durationUnits;
type SizeUnit = keyof typeof sizeUnits | 'KB' | 'KiB' | 'MB' | 'MiB' | 'GB' | 'GiB';

/** A duration as one writes it: `30s`, `1.5s`, `500ms`, `2h`; or 0 for off, where that makes sense. */
export type DurationInput = `${number}${DurationUnit}` | Placeholder | 0;

/** A size as one writes it: `10mb`, `64kb`, `512b`; or 0 for off, where that makes sense. */
export type SizeInput = `${number}${SizeUnit}` | Placeholder | 0;

/** What a duration or a size may be. Both ends count in. */
export interface UnitBounds<Text> {
  /** The smallest value; by default one unit of the smallest kind (1 ms, 1 byte). */
  readonly min?: Text;
  /** The largest value; by default 24 days or 1 TiB. */
  readonly max?: Text;
  /** Whether 0 is allowed, and means off. Default: false. */
  readonly off?: boolean;
}

interface Kind {
  readonly noun: string;
  readonly example: string;
  readonly units: Readonly<Record<string, number>>;
  /** The largest amount when no bound is given. A timer of Node holds 2^31 − 1 ms, which is 24.8 days. */
  readonly max: string;
}

const durations: Kind = { noun: 'duration', example: '30s', units: durationUnits, max: '24d' };
const sizes: Kind = { noun: 'size', example: '64kb', units: sizeUnits, max: '1024gb' };

/**
 * A duration with its unit, such as `30s`; the parsed value is in milliseconds. A number without a unit is a mistake.
 * Give a default with `.prefault('30s')`, so that the reference page shows it as one writes it.
 */
export function duration(
  bounds: UnitBounds<`${number}${DurationUnit}`> = {},
): z.ZodPipe<z.ZodCustom<DurationInput, DurationInput>, z.ZodTransform<number, DurationInput>> {
  return amount<DurationInput>(durations, bounds);
}

/**
 * A size with its unit, such as `10mb`; the parsed value is in bytes. A number without a unit is a mistake.
 * Give a default with `.prefault('10mb')`, so that the reference page shows it as one writes it.
 */
export function size(
  bounds: UnitBounds<`${number}${SizeUnit}`> = {},
): z.ZodPipe<z.ZodCustom<SizeInput, SizeInput>, z.ZodTransform<number, SizeInput>> {
  return amount<SizeInput>(sizes, bounds);
}

function amount<Input>(
  kind: Kind,
  bounds: UnitBounds<string>,
): z.ZodPipe<z.ZodCustom<Input, Input>, z.ZodTransform<number, Input>> {
  const min = bounds.min === undefined ? 1 : bound(kind, bounds.min);
  const max = bound(kind, bounds.max ?? kind.max);
  const off = bounds.off === true ? ', or 0 for off' : '';
  const range = `a ${kind.noun} from ${bounds.min ?? `1${smallest(kind)}`} to ${bounds.max ?? kind.max}${off}`;
  const read = (value: unknown): number | string => {
    const found = readAmount(kind, value);
    if (typeof found === 'string' || (found === 0 && bounds.off === true)) return found;
    if (found >= min && found <= max) return found;
    return withRemedy(`${foundIn(value)} is out of range`, `write ${range}`);
  };
  return z
    .custom<Input>((value) => typeof read(value) === 'number', {
      error: (issue) => String(read(issue.input)),
    })
    .meta({ title: range, ...jsonSchema(kind, bounds.off === true) })
    .transform((value) => Number(read(value)));
}

/** The amount in the kind's smallest unit, or the text of a mistake. */
function readAmount(kind: Kind, value: unknown): number | string {
  if (value === 0 || value === '0') return 0;
  const remedy = `write a ${kind.noun} with its unit, such as ${kind.example} (${unitList(kind)})`;
  if (typeof value === 'number' && !Number.isFinite(value))
    return withRemedy(`${value} is not a ${kind.noun}`, remedy);
  if (typeof value === 'number' || (typeof value === 'string' && /^\d{1,15}$/.test(value))) {
    return withRemedy(
      `${foundIn(value)} has no unit`,
      remedy.replace(kind.example, withUnit(kind, Number(value))),
    );
  }
  if (typeof value !== 'string')
    return withRemedy(`expected a ${kind.noun}, found ${foundIn(value)}`, remedy);
  const parts = /^(\d{1,15}(?:\.\d{1,9})?)([a-z]+)$/i.exec(value);
  const factor = unitOf(kind, parts?.[2] ?? '');
  if (parts === null || factor === undefined)
    return withRemedy(`${foundIn(value)} is not a ${kind.noun}`, remedy);
  const exact = Number(parts[1]) * factor;
  const whole = Math.round(exact);
  // 4.35s is 4350 ms although 4.35 * 1000 is not quite; 0.3ms is refused rather than rounded to nothing.
  if (Math.abs(whole - exact) > 1e-6 * Math.max(1, whole)) {
    const smallestUnit = kind === durations ? 'milliseconds' : 'bytes';
    return withRemedy(
      `${foundIn(value)} is not a whole number of ${smallestUnit}`,
      `write a whole number of ${smallestUnit}`,
    );
  }
  return whole;
}

/** What a number without unit was most likely meant to be. */
function withUnit(kind: Kind, value: number): string {
  if (!Number.isInteger(value) || value <= 0) return kind.example;
  if (kind === durations) return value < 1000 ? `${value}s` : `${value}ms`;
  return value < 1024 ? `${value}kb` : `${value}b`;
}

/** Sizes are written in any case, durations in lower case only: nobody can tell whether `1M` is a minute or a month. */
function unitOf(kind: Kind, text: string): number | undefined {
  const key = kind === sizes ? text.toLowerCase() : text;
  return Object.hasOwn(kind.units, key) ? kind.units[key] : undefined;
}

/** A bound is written by us; one that does not parse is a bug, seen when the module is loaded. */
function bound(kind: Kind, text: string): number {
  const read = readAmount(kind, text);
  if (typeof read === 'string') throw new TypeError(read);
  return read;
}

function jsonSchema(kind: Kind, off: boolean): Record<string, unknown> {
  const units = kind === sizes ? '([kKmMgG][iI]?)?[bB]' : '(ms|s|m|h|d)';
  const text = { type: 'string', pattern: `^[0-9]+(\\.[0-9]+)?${units}$` };
  return off ? { anyOf: [text, { const: 0 }] } : text;
}

function unitList(kind: Kind): string {
  const names = kind === sizes ? ['b', 'kb', 'mb', 'gb'] : Object.keys(kind.units);
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

function smallest(kind: Kind): string {
  return Object.keys(kind.units)[0] ?? '';
}
