/**
 * A program as text, one instruction a line, with the source's remarks and, where positions were kept, its lines:
 *
 *     ; director.ts:41  connection lookup
 *      12: r3 = *(u32 *)(r2 +26)
 *      13: if r3 != 0x10203 goto 40
 *
 * Registers and jumps are as the kernel's own dump has them. The listing of the director's program is kept in the
 * repository, so that a change to it is reviewed instruction by instruction.
 */
import type { Line } from './assemble.ts'
import type { CompiledProgram } from './compile.ts'
import { helperName } from './helper.ts'
import { ALU, ATOMIC, ATOMIC_FETCH, CLASS, type Instruction, isWide, JMP, PSEUDO, X } from './instruction.ts'
import { positionText } from './position.ts'

export function list(program: CompiledProgram): string {
  const text: string[] = []
  const targets = jumpTargets(program.lines)
  let position = ''
  for (const [at, line] of program.lines.entries()) {
    const start = program.functions.find(entry => entry.start === at)
    if (start !== undefined) text.push(`${text.length === 0 ? '' : '\n'}${start.name}:`)
    if (isSecondHalf(program.lines, at)) continue
    const here = line.position === undefined ? '' : positionText(line.position)
    const remarks = [here !== position ? here : '', line.comment ?? ''].filter(remark => remark !== '')
    if (remarks.length > 0) text.push(`     ; ${remarks.join('  ')}`)
    position = here
    text.push(`${targets.has(at) ? '>' : ' '}${String(at).padStart(4)}: ${instructionText(program.lines, at)}`)
  }
  return `${text.join('\n')}\n`
}

/** One instruction of a program, as the listing has it. */
export function lineText(program: CompiledProgram, at: number): string {
  return instructionText(program.lines, at)
}

function jumpTargets(lines: readonly Line[]): Set<number> {
  const targets = new Set<number>()
  for (const [at, { instruction }] of lines.entries()) {
    const group = instruction.opcode & 7
    const operation = instruction.opcode & 0xf0
    const jumps = (group === CLASS.JMP || group === CLASS.JMP32) && operation !== JMP.call && operation !== JMP.exit
    if (jumps) targets.add(at + 1 + instruction.offset)
  }
  return targets
}

function isSecondHalf(lines: readonly Line[], at: number): boolean {
  return at > 0 && lines[at]!.instruction.opcode === 0 && isWide(lines[at - 1]!.instruction)
}

function instructionText(lines: readonly Line[], at: number): string {
  const line = lines[at]!
  const { opcode, dst, src, offset, immediate } = line.instruction
  const group = opcode & 7
  const source = (opcode & X) !== 0 ? `r${src}` : number(immediate)
  if (isWide(line.instruction)) return wideText(line, lines[at + 1]!)
  switch (group) {
    case CLASS.ALU64:
    case CLASS.ALU:
      return aluText(line.instruction)
    case CLASS.LDX:
      return `r${dst} = *(${sizeText(opcode)} *)(r${src} ${signed(offset)})`
    case CLASS.ST:
      return `*(${sizeText(opcode)} *)(r${dst} ${signed(offset)}) = ${number(immediate)}`
    case CLASS.STX:
      return storeText(line.instruction)
    default: {
      const operation = opcode & 0xf0
      if (operation === JMP.exit) return 'exit'
      if (operation === JMP.call) return `call ${helperName(immediate)}`
      if (operation === JMP.always) return `goto ${at + 1 + offset}`
      const w = group === CLASS.JMP32 ? 'w' : 'r'
      const right = (opcode & X) !== 0 ? `${w}${src}` : number(immediate)
      return `if ${w}${dst} ${COMPARISONS.get(operation) ?? '?'} ${right} goto ${at + 1 + offset}`
    }
  }

  function aluText(instruction: Instruction): string {
    const operation = instruction.opcode & 0xf0
    const w = group === CLASS.ALU64 ? 'r' : 'w'
    const right = (opcode & X) !== 0 ? `${w}${src}` : source
    if (operation === ALU.mov) return `${w}${dst} = ${right}`
    if (operation === ALU.neg) return `${w}${dst} = -${w}${dst}`
    if (operation === ALU.end) return `r${dst} = be${immediate} r${dst}`
    return `${w}${dst} ${OPERATORS.get(operation) ?? '?'}= ${right}`
  }
}

function wideText(line: Line, second: Line): string {
  const { dst, src, immediate } = line.instruction
  if (line.map !== undefined)
    return `r${dst} = ${line.map.valueOffset === undefined ? `map ${line.map.name}` : `&${line.map.name}[${line.map.valueOffset}]`}`
  if (src === PSEUDO.FUNCTION) return `r${dst} = &${line.callback ?? `function ${immediate}`}`
  const value =
    (BigInt.asUintN(32, BigInt(second.instruction.immediate)) << 32n) | BigInt.asUintN(32, BigInt(immediate))
  return `r${dst} = 0x${value.toString(16)} ll`
}

function storeText({ opcode, dst, src, offset, immediate }: Instruction): string {
  const place = `*(${sizeText(opcode)} *)(r${dst} ${signed(offset)})`
  if ((opcode & 0xe0) !== 0xc0) return `${place} = r${src}`
  if (immediate === ATOMIC.exchange) return `r${src} = exchange(${place}, r${src})`
  if (immediate === ATOMIC.compareExchange) return `r0 = compare_exchange(${place}, r0, r${src})`
  const operator = OPERATORS.get(immediate & 0xf0) ?? '?'
  return (immediate & ATOMIC_FETCH) !== 0
    ? `r${src} = fetch(${place} ${operator}= r${src})`
    : `lock ${place} ${operator}= r${src}`
}

function sizeText(opcode: number): string {
  return SIZES.get(opcode & 0x18) ?? '?'
}

function number(value: number): string {
  return value >= 0 && value < 10 ? String(value) : value < 0 ? String(value) : `0x${value.toString(16)}`
}

function signed(offset: number): string {
  return offset < 0 ? String(offset) : `+${offset}`
}

const SIZES: ReadonlyMap<number, string> = new Map([
  [0x10, 'u8'],
  [0x08, 'u16'],
  [0x00, 'u32'],
  [0x18, 'u64'],
])
const OPERATORS: ReadonlyMap<number, string> = new Map([
  [ALU.add, '+'],
  [ALU.sub, '-'],
  [ALU.mul, '*'],
  [ALU.div, '/'],
  [ALU.or, '|'],
  [ALU.and, '&'],
  [ALU.shl, '<<'],
  [ALU.shr, '>>'],
  [ALU.mod, '%'],
  [ALU.xor, '^'],
  [ALU.sar, 's>>'],
])
const COMPARISONS: ReadonlyMap<number, string> = new Map([
  [JMP.eq, '=='],
  [JMP.gt, '>'],
  [JMP.ge, '>='],
  [JMP.set, '&'],
  [JMP.ne, '!='],
  [JMP.sgt, 's>'],
  [JMP.sge, 's>='],
  [JMP.lt, '<'],
  [JMP.le, '<='],
  [JMP.slt, 's<'],
  [JMP.sle, 's<='],
])
