/**
 * Gives every virtual register a machine register, or a slot of the frame where there are not enough.
 *
 * Two registers that hold a wanted value at the same time get different ones (Chaitin's interference graph). What lives
 * across a call goes into r6 to r9, which calls preserve. The busiest are served first, each asking for the machine
 * register that would make a move unnecessary. What finds none is kept in the frame: every read and write of it becomes
 * a short-lived register of its own, and all is done again.
 */
import {
  type Base,
  type Block,
  defines,
  type FunctionBody,
  type Operand,
  type Register,
  rename,
  type Step,
  terminatorUses,
  uses,
} from './ir.ts'
import { liveAtEnd } from './liveness.ts'

export interface Allocation {
  readonly body: FunctionBody
  /** Machine register 0 to 9 of each virtual one that is used. */
  readonly machine: ReadonlyMap<Register, number>
}

const STACK_BYTES = 512
const CALLER_SAVED = 6
/** Caller-saved registers first: the others are few, and wanted by what lives across calls. */
const MACHINE_REGISTERS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
const ROUNDS_MAX = 20

/** Throws RangeError if the frame would exceed the machine's 512 bytes. */
export function allocate(body: FunctionBody, available: readonly number[] = MACHINE_REGISTERS): Allocation {
  let current = body
  const unspillable = new Set<Register>()
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const graph = interference(current)
    const { machine, spilled } = color(graph, available, unspillable)
    if (spilled.length === 0) return { body: current, machine }
    current = spill(current, spilled, unspillable)
  }
  throw new Error(`${body.name}: registers cannot be allocated`)
}

interface Graph {
  readonly neighbours: Map<Register, Set<Register>>
  readonly forbidden: Map<Register, Set<number>>
  readonly weight: Map<Register, number>
  /** Machine registers, and other virtual ones, that it would be good to share with. */
  readonly wishes: Map<Register, { readonly machine: number[]; readonly register: Register[] }>
}

function interference(body: FunctionBody): Graph {
  const graph: Graph = { neighbours: new Map(), forbidden: new Map(), weight: new Map(), wishes: new Map() }
  const touch = (register: Register, block: Block) => {
    if (!graph.neighbours.has(register)) {
      graph.neighbours.set(register, new Set())
      graph.forbidden.set(register, new Set())
      graph.wishes.set(register, { machine: [], register: [] })
    }
    const value = 10 ** Math.min(block.depth, 4) * (block.cold ? 0.01 : 1)
    graph.weight.set(register, (graph.weight.get(register) ?? 0) + value)
  }
  const meet = (a: Register, b: Register) => {
    if (a === b) return
    graph.neighbours.get(a)!.add(b)
    graph.neighbours.get(b)!.add(a)
  }
  for (const block of body.blocks) {
    for (const step of block.steps) {
      for (const register of uses(step)) touch(register, block)
      const written = defines(step)
      if (written !== undefined) touch(written, block)
    }
    for (const register of terminatorUses(block.terminator!)) touch(register, block)
  }
  for (const parameter of body.parameters) touch(parameter, body.blocks[0]!)

  const atEnd = liveAtEnd(body.blocks)
  for (const block of body.blocks) {
    const live = new Set(atEnd.get(block))
    const end = block.terminator!
    for (const register of terminatorUses(end)) live.add(register)
    if (end.kind === 'exit' && 'register' in end.value) graph.wishes.get(end.value.register)!.machine.push(0)
    for (let i = block.steps.length - 1; i >= 0; i--) meetStep(block.steps[i]!, live, graph, meet)
    if (block === body.blocks[0])
      for (const parameter of body.parameters) for (const other of [...live, ...body.parameters]) meet(parameter, other)
  }
  for (const [index, parameter] of body.parameters.entries()) graph.wishes.get(parameter)!.machine.push(index + 1)
  return graph
}

function meetStep(step: Step, live: Set<Register>, graph: Graph, meet: (a: Register, b: Register) => void): void {
  const written = defines(step)
  const copied = step.kind === 'move' && 'register' in step.source ? step.source.register : undefined
  if (written !== undefined) {
    for (const register of live) if (register !== copied) meet(written, register)
    live.delete(written)
  }
  if (step.kind === 'move' && copied !== undefined) {
    graph.wishes.get(step.target)!.register.push(copied)
    graph.wishes.get(copied)!.register.push(step.target)
  }
  if (step.kind === 'call') {
    for (const register of live)
      for (let machine = 0; machine < CALLER_SAVED; machine++) graph.forbidden.get(register)!.add(machine)
    if (step.result !== undefined) graph.wishes.get(step.result)!.machine.push(0)
    for (const [index, argument] of step.arguments.entries())
      if ('register' in argument) graph.wishes.get(argument.register)!.machine.push(index + 1)
  }
  if (step.kind === 'compareExchange') {
    // r0 takes what is expected and gives what was found; the address and the new value must be elsewhere.
    for (const register of [...live, step.source, ...baseRegister(step.base)]) graph.forbidden.get(register)!.add(0)
    graph.wishes.get(step.old)!.machine.push(0)
    graph.wishes.get(step.expected)!.machine.push(0)
  }
  if ((step.kind === 'atomic' || step.kind === 'exchange') && step.old !== undefined) {
    // The new value's register comes back with the old one, so it starts as a copy beside the address.
    for (const register of baseRegister(step.base)) meet(step.old, register)
    graph.wishes.get(step.old)!.register.push(step.source)
  }
  for (const register of uses(step)) live.add(register)
}

function color(
  graph: Graph,
  available: readonly number[],
  unspillable: ReadonlySet<Register>,
): { machine: Map<Register, number>; spilled: Register[] } {
  const machine = new Map<Register, number>()
  const spilled: Register[] = []
  const urgency = (register: Register) =>
    unspillable.has(register)
      ? Number.POSITIVE_INFINITY
      : graph.weight.get(register)! / (1 + graph.neighbours.get(register)!.size)
  const order = [...graph.neighbours.keys()].sort((a, b) => urgency(b) - urgency(a) || a - b)
  for (const register of order) {
    const taken = new Set(graph.forbidden.get(register))
    for (const neighbour of graph.neighbours.get(register)!) {
      const color = machine.get(neighbour)
      if (color !== undefined) taken.add(color)
    }
    const wishes = graph.wishes.get(register)!
    const wanted = [...wishes.register.flatMap(other => machine.get(other) ?? []), ...wishes.machine]
    const choice = [...wanted, ...available].find(color => available.includes(color) && !taken.has(color))
    if (choice === undefined) spilled.push(register)
    else machine.set(register, choice)
  }
  return { machine, spilled }
}

function spill(body: FunctionBody, registers: readonly Register[], unspillable: Set<Register>): FunctionBody {
  let registerCount = body.registerCount
  let frameBytes = body.frameBytes
  const slots = new Map<Register, number>()
  for (const register of registers) {
    if (unspillable.has(register)) throw new Error(`${body.name}: one instruction needs more registers than there are`)
    frameBytes += 8
    slots.set(register, -frameBytes)
  }
  if (frameBytes > STACK_BYTES)
    throw new RangeError(`${body.name} needs ${frameBytes} bytes of stack; the machine has ${STACK_BYTES}`)
  const fresh = () => {
    const register = registerCount++
    unspillable.add(register)
    return register
  }
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
      const stand = new Map<Register, Register>()
      for (const register of uses(step)) {
        if (!slots.has(register) || stand.has(register)) continue
        stand.set(register, fresh())
        steps.push(fill(register, stand.get(register)!))
      }
      const written = defines(step)
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

function baseRegister(base: Base): Register[] {
  return base === 'frame' ? [] : [base.register]
}
