/**
 * The kernel's timers for interpreted programs. They outlive the run that sets them, so the caller keeps them, gives
 * them to every machine, and runs those that are due when it lets time pass:
 *
 *     for (const timer of timers.due(nowNs)) interpretTimer(timer, { ...machine, ktimeNs: nowNs })
 */
import { constants } from 'node:os'
import type { CompiledProgram } from './compile.ts'

export interface Timer {
  /** The map that the timer lies in, and the value there. */
  readonly map: string
  readonly value: Uint8Array
  callback: { readonly program: CompiledProgram; readonly start: number } | undefined
  /** When it goes off; undefined while it is not set. */
  atNs: bigint | undefined
}

const { EBUSY, EINVAL } = constants.errno

export class Timers {
  /** By the memory they lie in, then by their offset there. */
  private readonly timers = new Map<ArrayBufferLike, Map<number, Timer>>()

  /** timer_init: `own` are the timer's bytes within the value. */
  create(own: Uint8Array, value: Uint8Array, map: string): number {
    const inBuffer = this.timers.get(own.buffer) ?? new Map<number, Timer>()
    this.timers.set(own.buffer, inBuffer)
    if (inBuffer.has(own.byteOffset)) return -EBUSY
    inBuffer.set(own.byteOffset, { map, value, callback: undefined, atNs: undefined })
    return 0
  }

  /** timer_set_callback. */
  setCallback(own: Uint8Array, callback: NonNullable<Timer['callback']>): number {
    const timer = this.find(own)
    if (timer === undefined) return -EINVAL
    timer.callback = callback
    return 0
  }

  /** timer_start. */
  start(own: Uint8Array, atNs: bigint): number {
    const timer = this.find(own)
    if (timer?.callback === undefined) return -EINVAL
    timer.atNs = atNs
    return 0
  }

  /** Takes out what goes off at `nowNs` or before, the earliest first. */
  due(nowNs: bigint): Timer[] {
    const due = [...this.timers.values()]
      .flatMap(inBuffer => [...inBuffer.values()])
      .flatMap(timer => (timer.atNs !== undefined && timer.atNs <= nowNs ? [{ timer, atNs: timer.atNs }] : []))
      .sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0))
    return due.map(({ timer }) => {
      timer.atNs = undefined
      return timer
    })
  }

  private find(own: Uint8Array): Timer | undefined {
    return this.timers.get(own.buffer)?.get(own.byteOffset)
  }
}
