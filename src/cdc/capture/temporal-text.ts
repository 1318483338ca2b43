/**
 * PostgreSQL's dates and times from text, as numbers and texts of Debezium's `io.debezium.time.*`.
 *
 * The sessions set `datestyle=ISO`, `intervalstyle=iso_8601` and `timezone=UTC` (see connection.ts), so a text has one
 * shape: `2026-11-21 03:44:12.392057+00`, years before Christ with ` BC` behind.
 */
import type { Long } from '../change.js';

const DAY_MS = 86_400_000;

/** What PostgreSQL's driver for Java, and so Debezium, makes of `infinity`: milliseconds, or microseconds. */
const INFINITY = 9_223_372_036_825_200_000n;
const MINUS_INFINITY = -9_223_372_036_832_400_000n;

const DATE = /^(\d{4,7})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?([+-]\d\d(?::\d\d){0,2})?( BC)?$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?$/;

interface Moment {
  /** As astronomers count: 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Of the day. */
  readonly micros: number;
}

function momentOf(text: string): Moment {
  const parts = DATE.exec(text);
  if (parts === null) throw new Error(`${JSON.stringify(text)} is no date of PostgreSQL in ISO style`);
  const year = Number(parts[1]);
  return {
    year: parts[9] === undefined ? year : 1 - year,
    month: Number(parts[2]),
    day: Number(parts[3]),
    micros: parts[4] === undefined ? 0 : microsOfDay(parts[4], parts[5]!, parts[6]!, parts[7]),
  };
}

function microsOfDay(hours: string, minutes: string, seconds: string, fraction: string | undefined): number {
  const whole = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1_000_000;
  return fraction === undefined ? whole : whole + Number(fraction.padEnd(6, '0'));
}

function epochDay({ year, month, day }: Moment): number {
  // setUTCFullYear, because Date.UTC takes the years 0 to 99 for the last century.
  return new Date(0).setUTCFullYear(year, month - 1, day) / DAY_MS;
}

function longOf(days: number, perDay: number, rest: number): Long {
  const sum = days * perDay + rest;
  return Number.isSafeInteger(sum) ? sum : BigInt(days) * BigInt(perDay) + BigInt(rest);
}

/** `io.debezium.time.Date`: days since 1970-01-01; infinity is the last day that an int32 has, or the first. */
export function dateDays(text: string): number {
  if (text === 'infinity') return 2_147_483_647;
  if (text === '-infinity') return -2_147_483_648;
  return epochDay(momentOf(text));
}

/** `io.debezium.time.MicroTimestamp`: microseconds since the epoch, as if the time were UTC. */
export function timestampMicros(text: string): Long {
  if (text === 'infinity') return INFINITY;
  if (text === '-infinity') return MINUS_INFINITY;
  const moment = momentOf(text);
  return longOf(epochDay(moment), DAY_MS * 1_000, moment.micros);
}

/** `io.debezium.time.Timestamp`: milliseconds since the epoch, as if the time were UTC. */
export function timestampMillis(text: string): Long {
  if (text === 'infinity') return INFINITY / 1_000n;
  if (text === '-infinity') return MINUS_INFINITY / 1_000n;
  const moment = momentOf(text);
  return epochDay(moment) * DAY_MS + Math.trunc(moment.micros / 1_000);
}

/** `io.debezium.time.MicroTime`: microseconds since midnight. */
export function timeMicros(text: string): number {
  const parts = TIME.exec(text);
  if (parts === null) throw new Error(`${JSON.stringify(text)} is no time of PostgreSQL in ISO style`);
  return microsOfDay(parts[1]!, parts[2]!, parts[3]!, parts[4]);
}

/** `io.debezium.time.Time`: milliseconds since midnight. */
export function timeMillis(text: string): number {
  return Math.trunc(timeMicros(text) / 1_000);
}

/**
 * `io.debezium.time.ZonedTimestamp` of a text in UTC, with exactly `digits` digits of a second.
 *
 * @example
 * zonedTimestamp(6)('2026-11-21 03:44:12.39+00') // '2026-11-21T03:44:12.390000Z'
 */
export function zonedTimestamp(digits: number): (text: string) => string {
  const noFraction = digits === 0 ? '' : `.${'0'.repeat(digits)}`;
  return (text) => {
    // The usual shape, without a look at every character: four digits of a year, UTC, and no BC behind.
    if (text.charCodeAt(4) === 0x2d && text.endsWith('+00')) {
      const end = text.length - 3;
      const date = `${text.slice(0, 10)}T`;
      if (end === 19) return `${date}${text.slice(11, 19)}${noFraction}Z`;
      return `${date}${text.slice(11, Math.min(20 + digits, end)).padEnd(9 + digits, '0')}Z`;
    }
    if (text === 'infinity' || text === '-infinity') return text;
    const moment = momentOf(text);
    return `${isoYear(moment.year)}-${two(moment.month)}-${two(moment.day)}T${clock(moment.micros, digits)}Z`;
  };
}

/** ISO 8601 as Java writes it: at least four digits, a sign before more and before years below 0. */
function isoYear(year: number): string {
  const digits = String(Math.abs(year)).padStart(4, '0');
  if (year < 0) return `-${digits}`;
  return year > 9_999 ? `+${digits}` : digits;
}

/** `io.debezium.time.ZonedTime`: the same time of day in UTC, fraction only where there is one. */
export function zonedTime(text: string): string {
  const parts = TIME.exec(text);
  if (parts === null) throw new Error(`${JSON.stringify(text)} is no time with a zone of PostgreSQL in ISO style`);
  const [, hours, minutes, seconds, fraction, sign, zoneHours, zoneMinutes, zoneSeconds] = parts;
  const offset = (Number(zoneHours ?? 0) * 3600 + Number(zoneMinutes ?? 0) * 60 + Number(zoneSeconds ?? 0)) * 1_000_000;
  const micros = microsOfDay(hours!, minutes!, seconds!, fraction);
  // 24:00:00 is a time of its own only in UTC.
  if (offset === 0 && micros === DAY_MS * 1_000) return '24:00:00Z';
  const day = DAY_MS * 1_000;
  const utc = (((sign === '-' ? micros + offset : micros - offset) % day) + day) % day;
  const rest = utc % 1_000_000;
  return `${clock(utc, 0)}${rest === 0 ? '' : `.${String(rest).padStart(6, '0').replace(/0+$/, '')}`}Z`;
}

function clock(micros: number, digits: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (digits === 0) return time;
  return `${time}.${String(micros % 1_000_000)
    .padStart(6, '0')
    .slice(0, digits)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

const INTERVAL = /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?$/;
/** Debezium's `MicroDuration.DAYS_PER_MONTH_AVG`. */
const DAYS_PER_MONTH = 365.25 / 12;

/**
 * `io.debezium.time.MicroDuration`: microseconds, a month being 30.4375 days. Computed in doubles, step by step as
 * Debezium does, so that the same interval gives the same number.
 */
export function intervalMicros(text: string): Long {
  const parts = INTERVAL.exec(text);
  if (parts === null) throw new Error(`${JSON.stringify(text)} is no interval of PostgreSQL in ISO style`);
  const [years, months, days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  const numberOfDays = (years! * 12 + months!) * DAYS_PER_MONTH + days!;
  const micros = Math.trunc((((numberOfDays * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1e6);
  return Number.isSafeInteger(micros) ? micros : BigInt(micros);
}
