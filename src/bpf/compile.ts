/** From TypeScript to bytecode in one call: write the program, simplify it, give it registers, lay it out. */
import { allocate } from './allocate.ts'
import { assemble, type Line } from './assemble.ts'
import { Code, type Telling } from './code.ts'
import { INSTRUCTION_LENGTH, PSEUDO } from './instruction.ts'
import { simplify } from './simplify.ts'

/** The kernel's program types that the language knows, by what the packet's context looks like. */
export type ProgramType = 'tc' | 'xdp'

/** A program as its author gives it: what to write, and which functions helpers may call back. */
export interface ProgramSource {
  /** At most 15 letters, as the kernel keeps them. */
  readonly name: string
  readonly type: ProgramType
  readonly main: (code: Code) => void
  readonly callbacks?: Readonly<Record<string, { readonly parameters: number; readonly body: (code: Code) => void }>>
}

/** A program for any kernel: which maps it means is settled when it is loaded. */
export interface CompiledProgram {
  readonly name: string
  readonly type: ProgramType
  readonly lines: readonly Line[]
  /** Where each function starts, the program itself first. */
  readonly functions: readonly { readonly name: string; readonly start: number; readonly parameters: number }[]
  readonly maps: readonly string[]
  /** What it tells the interpreter, if it was compiled to be traced: such a program is none for a kernel. */
  readonly tellings: readonly Telling[]
}

export interface CompileOptions {
  /** Keep the TypeScript position of every instruction, for messages; takes time. */
  readonly positions?: boolean
  /** Have the program tell what it does (`Code.tell`): for the interpreter alone. */
  readonly traced?: boolean
  /** False leaves in what the program does not need: for tests, which compare the two. */
  readonly simplify?: boolean
  /** The machine registers that may hold values, all ten if not said: fewer, for tests, bring more into the frame. */
  readonly machineRegisters?: readonly number[]
}

/** Throws StageError for a mistake in the source, RangeError if the program outgrows the machine. */
export function compile(source: ProgramSource, options: CompileOptions = {}): CompiledProgram {
  const { positions = false, machineRegisters } = options
  const tellings: Telling[] | undefined = options.traced === true ? [] : undefined
  const lines: Line[] = []
  const functions: { name: string; start: number; parameters: number }[] = []
  const write = (name: string, parameters: number, body: (code: Code) => void) => {
    const code = new Code({ name, parameters, positions, tellings })
    body(code)
    functions.push({ name, start: lines.length, parameters })
    const finished = code.finish()
    const simple = options.simplify === false ? finished : simplify(finished)
    lines.push(...assemble(allocate(simple, machineRegisters)))
  }
  write(source.name, 1, source.main)
  // A function that nothing refers to has no place in a program: the verifier would refuse it.
  const wanted = (name: string) => lines.some(line => line.callback === name)
  for (;;) {
    const next = Object.keys(source.callbacks ?? {}).find(name => wanted(name) && functions.every(f => f.name !== name))
    if (next === undefined) break
    const { parameters, body } = source.callbacks![next]!
    write(next, parameters, body)
  }
  const linked = lines.map((line, at) => {
    if (line.callback === undefined) return line
    const target = functions.find(({ name }) => name === line.callback)
    if (target === undefined) throw new RangeError(`${source.name} has no callback ${line.callback}`)
    // The verifier takes the callback's place as relative to the instruction after the load's first half.
    return { ...line, instruction: { ...line.instruction, src: PSEUDO.FUNCTION, immediate: target.start - at - 1 } }
  })
  const maps = [...new Set(linked.flatMap(line => (line.map === undefined ? [] : [line.map.name])))]
  return { name: source.name, type: source.type, lines: linked, functions, maps, tellings: tellings ?? [] }
}

/** The instructions with every map's descriptor filled in, as `BPF_PROG_LOAD` takes them. */
export function link(program: CompiledProgram, descriptors: Readonly<Record<string, number>>): Uint8Array {
  if (program.tellings.length > 0) throw new RangeError(`${program.name} was compiled to be traced, not to be loaded`)
  const bytes = new Uint8Array(program.lines.length * INSTRUCTION_LENGTH)
  const view = new DataView(bytes.buffer)
  for (const [i, { instruction, map }] of program.lines.entries()) {
    const at = i * INSTRUCTION_LENGTH
    const descriptor = map === undefined ? undefined : descriptors[map.name]
    if (map !== undefined && descriptor === undefined)
      throw new RangeError(`${program.name} uses the map ${map.name}, which was not given`)
    view.setUint8(at, instruction.opcode)
    view.setUint8(at + 1, (instruction.src << 4) | instruction.dst)
    view.setInt16(at + 2, instruction.offset, true)
    view.setInt32(at + 4, descriptor ?? instruction.immediate, true)
  }
  return bytes
}
