/**
 * The programs that work together on a table of one shape: which slot of the program array each has, and what it is
 * known by. One whose text would be the same for another shape has the same name for both, and need not be made anew.
 */
import { type CompiledProgram, type CompileOptions, compile, type ProgramSource } from '../../bpf/compile.ts'
import type { TableFacts } from '../layout.ts'
import { type Shape, shapeText } from '../shape.ts'
import { director, directorIpv6 } from './director.ts'
import { PROGRAM_SLOT } from './dispatch.ts'
import { type Hook, MARKED } from './hook.ts'
import { portless, portlessShape } from './portless.ts'
import type { Looping } from './sweep.ts'

export interface GenerationProgram {
  readonly slot: number
  readonly name: string
  readonly source: (looping: Looping) => ProgramSource
}

/** In the order in which they are put to work: what is handed on to comes first, and finds the program that goes with it. */
export function generation(hook: Hook, facts: TableFacts, shape: Shape): readonly GenerationProgram[] {
  const text = shapeText(shape)
  const programs: GenerationProgram[] = [
    {
      slot: PROGRAM_SLOT.portless,
      name: `portless ${shapeText(portlessShape(shape))}`,
      source: looping => portless(hook, facts, shape, looping),
    },
  ]
  if (shape.families.length > 1)
    programs.push({
      slot: PROGRAM_SLOT.ipv6,
      name: `ipv6 ${text}`,
      source: looping => directorIpv6(hook, facts, shape, looping),
    })
  // Marked packets come from netfilter, which is behind tc's hook.
  if (shape.marks && hook.type === 'tc') {
    if (shape.families.length > 1)
      programs.push({
        slot: PROGRAM_SLOT.markedIpv6,
        name: `marked-ipv6 ${text}`,
        source: looping => directorIpv6(MARKED, facts, shape, looping),
      })
    programs.push({
      slot: PROGRAM_SLOT.marked,
      name: `marked ${text}`,
      source: looping => director(MARKED, facts, shape, looping),
    })
  }
  programs.push({
    slot: PROGRAM_SLOT.director,
    name: `director ${text}`,
    source: looping => director(hook, facts, shape, looping),
  })
  return programs
}

/** The programs of a generation by their slots, compiled for the interpreter. */
export function compileGeneration(
  hook: Hook,
  facts: TableFacts,
  shape: Shape,
  options: CompileOptions,
): readonly (CompiledProgram | undefined)[] {
  const programs: CompiledProgram[] = []
  for (const { slot, source } of generation(hook, facts, shape)) programs[slot] = compile(source('helper'), options)
  return programs
}
