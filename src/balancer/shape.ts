/**
 * What the live table makes use of: the part of a table that decides how its program looks. A program has no code for
 * what no service asks for; an edit that changes the shape makes a new program, any other edit only changes memory.
 */
import type { Scheduler } from '../model/service.ts'

export interface Shape {
  readonly protocols: readonly ('tcp' | 'udp')[]
  readonly schedulers: readonly Scheduler[]
  readonly persistence: boolean
  readonly thresholds: boolean
  /** Some service takes every port of its address. */
  readonly anyPort: boolean
  /** How far a scheduler may have to walk: a power of two no less than the longest list of destinations. */
  readonly walkMax: number
}

export const EMPTY_SHAPE: Shape = {
  protocols: [],
  schedulers: [],
  persistence: false,
  thresholds: false,
  anyPort: false,
  walkMax: 1,
}

/** Equal for equal shapes, and readable in a program's status. */
export function shapeText(shape: Shape): string {
  const words = [
    ...[...shape.protocols].sort(),
    ...[...shape.schedulers].sort(),
    ...(shape.persistence ? ['persistence'] : []),
    ...(shape.thresholds ? ['thresholds'] : []),
    ...(shape.anyPort ? ['any-port'] : []),
    `walk-${shape.walkMax}`,
  ]
  return words.join(' ')
}
