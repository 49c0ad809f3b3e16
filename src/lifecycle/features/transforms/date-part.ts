import type { z } from 'zod'
import type { datePartSchema } from '../feature-contract.ts'
import { add, apply, divide, floorOf, multiply, subtract, type NumberExpression } from './expression.ts'

export type DatePart = z.output<typeof datePartSchema>

const msPerDay = 86_400_000

/** A part of a time in milliseconds since 1970 (UTC). Whole numbers all along, which doubles hold exactly. */
export function datePart(part: DatePart, time: NumberExpression): NumberExpression {
  const days = floorOf(divide(time, msPerDay))
  const ofDay = subtract(time, multiply(days, msPerDay))
  switch (part) {
    case 'minute':
      return modulo(floorOf(divide(ofDay, 60_000)), 60)
    case 'hour':
      return floorOf(divide(ofDay, 3_600_000))
    case 'weekday':
      // 1970-01-01 was a Thursday, day 4 of ISO 8601.
      return add(modulo(add(days, 3), 7), 1)
    case 'day_of_year':
      return add(subtract(days, daysBefore(civil(days).year)), 1)
    default:
      return civil(days)[part]
  }
}

/** Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days: years that begin in March. */
function civil(days: NumberExpression): Record<'year' | 'month' | 'day', NumberExpression> {
  const shifted = add(days, 719_468)
  const era = floorOf(divide(shifted, 146_097))
  const ofEra = subtract(shifted, multiply(era, 146_097))
  const leaps = subtract(
    add(subtract(ofEra, floorOf(divide(ofEra, 1460))), floorOf(divide(ofEra, 36_524))),
    floorOf(divide(ofEra, 146_096)),
  )
  const yearOfEra = floorOf(divide(leaps, 365))
  const ofYear = subtract(
    ofEra,
    subtract(add(multiply(yearOfEra, 365), floorOf(divide(yearOfEra, 4))), floorOf(divide(yearOfEra, 100))),
  )
  const fromMarch = floorOf(divide(add(multiply(ofYear, 5), 2), 153))
  // January and February, the last two of such a year, belong to the next year.
  const isNext = floorOf(divide(add(fromMarch, 2), 12))
  return {
    year: add(add(yearOfEra, multiply(era, 400)), isNext),
    month: subtract(add(fromMarch, 3), multiply(isNext, 12)),
    day: add(subtract(ofYear, floorOf(divide(add(multiply(fromMarch, 153), 2), 5))), 1),
  }
}

/** Days from 1970-01-01 to the first of January of a year. */
function daysBefore(year: NumberExpression): NumberExpression {
  const before = subtract(year, 1)
  const leaps = add(
    subtract(floorOf(divide(before, 4)), floorOf(divide(before, 100))),
    floorOf(divide(before, 400)),
  )
  return subtract(add(multiply(before, 365), leaps), 719_162)
}

function modulo(value: NumberExpression, by: number): NumberExpression {
  return subtract(value, multiply(floorOf(divide(value, by)), by))
}

const circles: Readonly<Record<Exclude<DatePart, 'year'>, readonly [first: number, length: number]>> = {
  minute: [0, 60],
  hour: [0, 24],
  weekday: [1, 7],
  day: [1, 31],
  day_of_year: [1, 366],
  month: [1, 12],
}

/** A part as a point on a circle. */
export function onCircle(
  part: DatePart,
  value: NumberExpression,
): { sin: NumberExpression; cos: NumberExpression } {
  const [first, length] = circles[part === 'year' ? 'month' : part]
  const angle = multiply(subtract(value, first), (2 * Math.PI) / length)
  return { sin: toFineGrid(apply('sin', angle)), cos: toFineGrid(apply('cos', angle)) }
}

/**
 * Sines differ in their last bits from one library to the next. Near 0, where sin(π) should be 0, that is enough to send a
 * row down another branch of a tree than in training; on a grid of 2^-40 all agree.
 */
function toFineGrid(value: NumberExpression): NumberExpression {
  return divide(floorOf(add(multiply(value, 2 ** 40), 0.5)), 2 ** 40)
}
