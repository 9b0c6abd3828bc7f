/**
 * Gives every virtual register a machine register, or a slot of the frame where there are not enough.
 *
 * Two registers that hold a wanted value at the same time get different ones (Chaitin's interference graph). What lives
 * across a call goes into r6 to r9, which calls preserve. The busiest are served first, each asking for the machine
 * register that would make a move unnecessary. What finds none is kept in the frame: every read and write of it becomes
 * a short-lived register of its own, and all is done again.
 */
import { Interference } from './interference.ts'
import { defines, type FunctionBody, type Operand, type Register, rename, type Step, uses } from './ir.ts'

export interface Allocation {
  readonly body: FunctionBody
  /** Machine register 0 to 9 of each virtual one that is used. */
  readonly machine: ReadonlyMap<Register, number>
}

const STACK_BYTES = 512
/** Caller-saved registers first: the others are few, and wanted by what lives across calls. */
const MACHINE_REGISTERS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
const ROUNDS_MAX = 20

/** Throws RangeError if the frame would exceed the machine's 512 bytes. */
export function allocate(body: FunctionBody, available: readonly number[] = MACHINE_REGISTERS): Allocation {
  let current = body
  // Registers made for the reads and writes of spilled ones have the highest numbers, and must not be spilled again.
  const unspillable = body.registerCount
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const graph = new Interference(current)
    const { machine, spilled } = color(graph, available, unspillable)
    if (spilled.length === 0) return { body: current, machine }
    current = spill(current, graph, spilled, unspillable)
  }
  throw new Error(`${body.name}: registers cannot be allocated`)
}

/** Serves registers by urgency; `spilled` are those that no machine register was left for. */
function color(
  graph: Interference,
  available: readonly number[],
  unspillable: Register,
): { machine: Map<Register, number>; spilled: Register[] } {
  const used = [...graph.weight.keys()].filter(register => graph.weight[register]! >= 0)
  const urgency = new Float64Array(graph.weight.length)
  for (const register of used)
    urgency[register] =
      register >= unspillable
        ? Number.POSITIVE_INFINITY
        : graph.weight[register]! / (1 + graph.neighbourCount(register))
  used.sort((a, b) => (urgency[a] === urgency[b] ? a - b : urgency[b]! - urgency[a]!))

  const colors = new Int8Array(urgency.length).fill(-1)
  const all = available.reduce((mask, machine) => mask | (1 << machine), 0)
  let open = 0
  const free = (color: number) => color >= 0 && (open & (1 << color)) !== 0
  const close = (neighbour: Register) => {
    if (colors[neighbour]! >= 0) open &= ~(1 << colors[neighbour]!)
  }
  const spilled: Register[] = []
  for (const register of used) {
    open = all & ~graph.forbidden[register]!
    graph.forEachNeighbour(register, close)
    const partner = graph.wishedPartners(register).find(other => free(colors[other]!))
    const wanted = partner === undefined ? graph.wishedMachines(register).find(free) : colors[partner]
    const choice = wanted ?? available.find(free)
    if (choice === undefined) spilled.push(register)
    else colors[register] = choice
  }
  const machine = new Map<Register, number>()
  for (const register of used) if (colors[register]! >= 0) machine.set(register, colors[register]!)
  return { machine, spilled }
}

function spill(
  body: FunctionBody,
  graph: Interference,
  spilled: readonly Register[],
  unspillable: Register,
): FunctionBody {
  let registerCount = body.registerCount
  if (spilled.some(register => register >= unspillable))
    throw new Error(`${body.name}: one instruction needs more registers than there are`)
  const { slots, frameBytes } = frameSlots(graph, spilled, body.frameBytes)
  if (frameBytes > STACK_BYTES)
    throw new RangeError(`${body.name} needs ${frameBytes} bytes of stack; the machine has ${STACK_BYTES}`)
  const fresh = () => registerCount++
  const fill = (register: Register, into: Register): Step => ({
    kind: 'load',
    target: into,
    base: 'frame',
    offset: slots.get(register)!,
    size: 8,
    position: undefined,
    comment: undefined,
  })
  const keep = (register: Register, from: Register): Step => ({
    kind: 'store',
    base: 'frame',
    offset: slots.get(register)!,
    size: 8,
    source: { register: from },
    position: undefined,
    comment: undefined,
  })

  const blocks = body.blocks
  for (const block of blocks) {
    const steps: Step[] = []
    for (const step of block.steps) {
      const read = uses(step).filter(register => slots.has(register))
      const written = defines(step)
      if (read.length === 0 && (written === undefined || !slots.has(written))) {
        steps.push(step)
        continue
      }
      const stand = new Map<Register, Register>()
      for (const register of read) {
        if (stand.has(register)) continue
        stand.set(register, fresh())
        steps.push(fill(register, stand.get(register)!))
      }
      if (written !== undefined && slots.has(written) && !stand.has(written)) stand.set(written, fresh())
      const renamed: Step = {
        ...step,
        ...rename(
          step,
          r => stand.get(r) ?? r,
          r => stand.get(r) ?? r,
        ),
      }
      steps.push(renamed)
      if (written !== undefined && slots.has(written)) steps.push(keep(written, stand.get(written)!))
    }
    const end = block.terminator!
    const reload = (register: Register): Register => {
      if (!slots.has(register)) return register
      const into = fresh()
      steps.push(fill(register, into))
      return into
    }
    const operand = (o: Operand): Operand => ('register' in o ? { register: reload(o.register) } : o)
    if (end.kind === 'branch') block.terminator = { ...end, left: reload(end.left), right: operand(end.right) }
    if (end.kind === 'exit') block.terminator = { ...end, value: operand(end.value) }
    block.steps = steps
  }
  const entry = blocks[0]!
  const parameters = body.parameters.map(parameter => {
    if (!slots.has(parameter)) return parameter
    const stand = fresh()
    entry.steps.unshift(keep(parameter, stand))
    return stand
  })
  return { ...body, blocks, parameters, registerCount, frameBytes }
}

/** A place below the frame for each register; those that are never wanted at the same time share one. */
function frameSlots(
  graph: Interference,
  spilled: readonly Register[],
  frameBytes: number,
): { slots: Map<Register, number>; frameBytes: number } {
  const slots = new Map<Register, number>()
  let lowest = -frameBytes
  for (const register of spilled) {
    const taken = new Set<number | undefined>()
    graph.forEachNeighbour(register, neighbour => {
      taken.add(slots.get(neighbour))
    })
    let slot = -frameBytes - 8
    while (taken.has(slot)) slot -= 8
    slots.set(register, slot)
    lowest = Math.min(lowest, slot)
  }
  return { slots, frameBytes: -lowest }
}
