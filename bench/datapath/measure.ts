import { testRun } from '../../src/kernel/bpf.ts'

/** Nanoseconds a run, over several rounds: the quiet machine's figure, and the usual one. */
export interface Figure {
  readonly least: number
  readonly median: number
}

export function figureOf(rounds: readonly number[]): Figure {
  const sorted = [...rounds].sort((a, b) => a - b)
  return { least: sorted[0] ?? Number.NaN, median: sorted[sorted.length >> 1] ?? Number.NaN }
}

export interface Ran {
  readonly ns: number
  readonly packet: Uint8Array
}

/** Runs a program so many times on one packet; the last run's verdict must be the expected one. */
export function run(program: number, frame: Uint8Array, repeat: number, verdict: number): Ran {
  const ran = testRun(program, frame, { repeat })
  if ((ran.verdict | 0) !== verdict) throw new Error(`the verdict was ${ran.verdict | 0}, not ${verdict}`)
  return { ns: ran.durationNs, packet: ran.packet }
}

/** The kernel counts whole nanoseconds a run: few runs at a time, added up here, tell no more than that. */
export function runSingly(program: number, frame: Uint8Array, times: number, verdict: number): Ran {
  let total = 0
  let packet: Uint8Array = frame
  for (let i = 0; i < times; i++) {
    const ran = run(program, frame, 1, verdict)
    total += ran.ns
    packet = ran.packet
  }
  return { ns: total / times, packet }
}
