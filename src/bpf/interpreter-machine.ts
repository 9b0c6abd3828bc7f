/** What surrounds a program while it is interpreted: given by the caller, and seen by the helpers it calls. */
import type { CompiledProgram, ProgramType } from './compile.ts'
import type { HelperKey } from './helper.ts'
import type { ContextFields } from './interpreter-context.ts'
import type { MapModel, ProgramArray } from './interpreter-map.ts'
import type { Memory } from './interpreter-memory.ts'
import type { PacketBuffer } from './interpreter-packet.ts'
import type { Timers } from './interpreter-timer.ts'

export interface Machine {
  /** Not changed: the outcome has the packet as the program leaves it. */
  readonly packet: Uint8Array
  readonly context?: ContextFields
  /** How many bytes of the packet the program can see before it pulls more; all of them if not said. */
  readonly linearBytes?: number
  /** Maps of one element by name, as their bytes. The program writes into them. */
  readonly regions?: Readonly<Record<string, Uint8Array>>
  readonly maps?: Readonly<Record<string, MapModel | ProgramArray>>
  /** In place of the built-in ones, or for those that have none. */
  readonly helpers?: Readonly<Partial<Record<HelperKey, HelperFunction>>>
  /** For programs that set timers. */
  readonly timers?: Timers
  readonly ktimeNs?: bigint
  readonly jiffies?: bigint
  /** 32 random bits. Without it, the same numbers in every run. */
  readonly random?: () => number
  readonly processor?: number
  /** A program that runs longer is taken not to end. */
  readonly instructionsMax?: number
  /** Called before each instruction, with its place among the program's lines. */
  readonly trace?: (program: CompiledProgram, at: number) => void
  /** Called with what a program tells that was compiled to be traced; memory is then as the program has it. */
  readonly listen?: (event: string, values: Readonly<Record<string, bigint>>) => void
}

/** Takes what is in r1 to r5; its result goes to r0, a negative one as the kernel's errors do. */
export type HelperFunction = (caller: Caller, a: bigint, b: bigint, c: bigint, d: bigint, e: bigint) => bigint | number

/** What a helper may know and do of the program that called it. */
export interface Caller {
  readonly type: ProgramType
  readonly machine: Machine
  readonly memory: Memory
  readonly packet: PacketBuffer
  /** The map whose address the program passed. */
  map(address: bigint): MapModel
  /** The name of the same. */
  mapName(address: bigint): string
  /** The function whose address the program passed. */
  function(callback: bigint): { readonly program: CompiledProgram; readonly start: number }
  /** Calls a function of the program, by the address that the program passed. */
  invoke(callback: bigint, ...parameters: readonly bigint[]): bigint
  /** The next of the machine's random numbers. */
  random(): number
  /** Says where the packet would go, if the verdict is to redirect it. */
  redirect(to: Redirect): void
}

export interface Redirect {
  readonly ifindex: number
  readonly flags: number
  /** The `bpf_redir_neigh` that names the next hop, if the program gave one. */
  readonly nextHop?: Uint8Array
}
