/**
 * What is attached to the interfaces: one jump into the program array, where the director's present generation sits.
 * Changing a slot of the array takes microseconds and loses no packet; changing what is attached would wait for every
 * processor. An empty slot lets everything pass.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import type { Hook } from './hook.ts'

/** Slots of the program array. All programs in one array are of one type, so each hook has its own array. */
export const PROGRAM_SLOT = { director: 0, portless: 1, ipv6: 2, marked: 3, markedIpv6: 4 } as const
export const PROGRAM_SLOTS = 8
export const PROGRAMS_MAP = 'programs'

/** Goes on with the program in that slot; `admit` ends here where it is not to see the packet. */
export function dispatcher(
  hook: Hook,
  admit: (code: Code) => void = () => {},
  slot: number = PROGRAM_SLOT.director,
): ProgramSource {
  return {
    name: 'sluice_dispatch',
    type: hook.type,
    main: code => {
      admit(code)
      code.tailCall(code.parameter(0), PROGRAMS_MAP, slot)
      code.exit(hook.pass)
    },
  }
}
