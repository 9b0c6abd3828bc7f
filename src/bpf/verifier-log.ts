/**
 * What the kernel's verifier said, brought back to the TypeScript that it is about:
 *
 *     R0 unbounded memory access, make sure to bounds check any such access
 *
 *     src/balancer/program/connection.ts:41:5
 *        |
 *     41 |   entry.set([0, 'u64'], now)
 *        |         ^ instruction 6: *(u64 *)(r0 +0) = r2
 *        = r0 is map_value(map=connections,…,umax=0xffffffff), from connection.ts:39
 *        = an offset into a region has to be masked or compared with a limit before it is used
 *
 * The verifier walks every path and logs each instruction with the registers it changed; it stops at the first it will
 * not have, and says why. Its words change from version to version, so little is made of them.
 */
import type { CompiledProgram } from './compile.ts'
import { CLASS } from './instruction.ts'
import { lineText } from './listing.ts'
import { type Position, positionText } from './position.ts'

export interface Complaint {
  /** Why it stopped, in its own words. */
  readonly words: string
  /** The instruction at which it stopped; undefined if it did not come to walk through them. */
  readonly at: number | undefined
  /** What it knew about each register there, and since which instruction. */
  readonly registers: ReadonlyMap<number, { readonly state: string; readonly since: number }>
}

/** An instruction that is being looked at, and the lines between them that say what is known on this path. */
const INSTRUCTION = /^(\d+): \([0-9a-f]{2}\) /
const PATH = /^(from \d+ to )?\d+: (frame\d+: )?R\d/
const STATE = /\bR(\d+)(?:_\w+)?=(-?\w+(?:\((?:[^()]|\([^()]*\))*\))?)/g
const NOISE =
  /^$|^(;|processed |verification time|stack depth|mark_precise|func#|caller:|callee:|returning from|frame\d+: )/

export function readVerifierLog(log: string): Complaint {
  const registers = new Map<number, { state: string; since: number }>()
  let at: number | undefined
  let words: string[] = []
  for (const line of log.split('\n')) {
    const instruction = INSTRUCTION.exec(line)
    if (instruction !== null || PATH.test(line)) {
      if (instruction !== null) at = Number(instruction[1])
      words = []
      for (const [, register, state] of line.matchAll(STATE))
        if (registers.get(Number(register))?.state !== state)
          registers.set(Number(register), { state: state!, since: at ?? 0 })
    } else if (!NOISE.test(line)) {
      words.push(line)
    }
  }
  const named = /\binsn (\d+)/.exec(words.join(' '))
  return { words: words.join('; '), at: at ?? (named === null ? undefined : Number(named[1])), registers }
}

/** The words, and where the program has positions the place they are about; `sourceLine` gives a file's line, if it can. */
export function refusalText(
  program: CompiledProgram,
  log: string,
  sourceLine: (position: Position) => string | undefined,
): string {
  const { words, at, registers } = readVerifierLog(log)
  const line = at === undefined ? undefined : program.lines[at]
  if (at === undefined || line === undefined) return words
  const notes = [`instruction ${at}: ${lineText(program, at)}`]
  const base = baseRegister(line.instruction)
  const known = base === undefined ? undefined : registers.get(base)
  if (known !== undefined) {
    const from = program.lines[known.since]?.position
    notes.push(`r${base} is ${known.state}${from === undefined ? '' : `, from ${positionText(from)}`}`)
  }
  const remedy = REMEDIES.find(([pattern]) => pattern.test(words))
  if (remedy !== undefined) notes.push(remedy[1])
  const position = nearestPosition(program, at)
  if (position === undefined) return [words, ...notes.map(note => `   = ${note}`)].join('\n')
  return `${words}\n\n${pointer(position, sourceLine(position), notes)}`
}

/** What to do about the refusals that a program written in the language still meets. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /unbounded memory access|min value is (negative|outside)|max value is outside|invalid access to map value/,
    'an offset into a region has to be masked or compared with a limit before it is used',
  ],
  [/invalid access to packet/, 'compare the end of what is touched with data_end first, in the same way on every path'],
  [/'map_value_or_null'|_or_null/, 'what a lookup gives is compared with 0 before it is used'],
  [/too large|too complex|infinite loop/, 'fewer rounds, or fewer branches inside of them, or a callback for bpf_loop'],
]

/** The register whose address an instruction uses. */
function baseRegister({ opcode, dst, src }: { opcode: number; dst: number; src: number }): number | undefined {
  const group = opcode & 7
  if (group === CLASS.LDX) return src
  return group === CLASS.ST || group === CLASS.STX ? dst : undefined
}

/** Moves that the compiler added have no position: what they prepare comes after them. */
function nearestPosition(program: CompiledProgram, at: number): Position | undefined {
  return program.lines.slice(at).find(line => line.position !== undefined)?.position
}

function pointer({ file, line, column }: Position, text: string | undefined, notes: readonly string[]): string {
  const margin = ' '.repeat(String(line).length)
  const [first, ...rest] = notes
  const place = `${file}:${line}:${column}`
  const further = rest.map(note => `${margin} = ${note}`)
  if (text === undefined) return [place, `${margin} = ${first}`, ...further].join('\n')
  const before = text.slice(0, column - 1).replace(/[^\t]/g, ' ')
  return [place, `${margin} |`, `${line} | ${text}`, `${margin} | ${before}^ ${first}`, ...further].join('\n')
}
