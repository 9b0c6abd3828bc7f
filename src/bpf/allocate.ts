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
  defines,
  type FunctionBody,
  type Operand,
  type Register,
  rename,
  type Step,
  terminatorUses,
  uses,
} from './ir.ts'
import { liveAtEnd, RegisterSet } from './liveness.ts'

export interface Allocation {
  readonly body: FunctionBody
  /** Machine register 0 to 9 of each virtual one that is used. */
  readonly machine: ReadonlyMap<Register, number>
}

const STACK_BYTES = 512
/** r0 to r5, a bit each: a call leaves nothing in them. */
const CALLER_SAVED = 0x3f
/** Caller-saved registers first: the others are few, and wanted by what lives across calls. */
const MACHINE_REGISTERS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
const ROUNDS_MAX = 20

/** Throws RangeError if the frame would exceed the machine's 512 bytes. */
export function allocate(body: FunctionBody, available: readonly number[] = MACHINE_REGISTERS): Allocation {
  let current = body
  const unspillable = new Set<Register>()
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const nodes = interference(current)
    const { machine, spilled } = color(nodes, available, unspillable)
    if (spilled.length === 0) return { body: current, machine }
    current = spill(current, spilled, unspillable)
  }
  throw new Error(`${body.name}: registers cannot be allocated`)
}

/** What stands in a register's way, and what it would like. */
interface Node {
  readonly register: Register
  /** Registers that hold a wanted value at the same time. */
  readonly neighbours: RegisterSet
  /** Machine registers it cannot have, a bit each. */
  forbidden: number
  weight: number
  /** Machine registers, and other virtual ones, that it would be good to share with. */
  readonly machineWishes: number[]
  readonly registerWishes: Register[]
}

function interference(body: FunctionBody): Map<Register, Node> {
  const nodes = new Map<Register, Node>()
  const node = (register: Register): Node => {
    const known = nodes.get(register)
    if (known !== undefined) return known
    const neighbours = new RegisterSet(body.registerCount)
    const made = { register, neighbours, forbidden: 0, weight: 0, machineWishes: [], registerWishes: [] }
    nodes.set(register, made)
    return made
  }
  for (const block of body.blocks) {
    const value = 10 ** Math.min(block.depth, 4) * (block.cold ? 0.01 : 1)
    const touch = (register: Register) => {
      node(register).weight += value
    }
    for (const step of block.steps) {
      uses(step).forEach(touch)
      const written = defines(step)
      if (written !== undefined) touch(written)
    }
    terminatorUses(block.terminator!).forEach(touch)
  }

  const atEnd = liveAtEnd(body.blocks, body.registerCount)
  for (const block of body.blocks) {
    const live = atEnd.get(block)!
    const end = block.terminator!
    for (const register of terminatorUses(end)) live.add(register)
    if (end.kind === 'exit' && 'register' in end.value) node(end.value.register).machineWishes.push(0)
    for (let i = block.steps.length - 1; i >= 0; i--) meetStep(block.steps[i]!, live, node)
    if (block === body.blocks[0]) {
      for (const parameter of body.parameters) live.add(parameter)
      for (const parameter of body.parameters) node(parameter).neighbours.merge(live)
    }
  }
  for (const [index, parameter] of body.parameters.entries()) node(parameter).machineWishes.push(index + 1)
  for (const { register, neighbours } of nodes.values()) {
    neighbours.delete(register)
    neighbours.forEach(other => {
      node(other).neighbours.add(register)
    })
  }
  return nodes
}

/** Going backwards over one step: what is live beside what it writes, then what it reads becomes live. */
function meetStep(step: Step, live: RegisterSet, node: (register: Register) => Node): void {
  const written = defines(step)
  // Both hold the same value after a whole copy, so they may share; one of the low half changes it.
  const copied =
    step.kind === 'move' && step.width === 64 && 'register' in step.source ? step.source.register : undefined
  if (written !== undefined) {
    const apart = copied !== undefined && live.has(copied)
    if (apart) live.delete(copied)
    node(written).neighbours.merge(live)
    if (apart) live.add(copied)
    live.delete(written)
  }
  if (step.kind === 'move' && copied !== undefined) {
    node(step.target).registerWishes.push(copied)
    node(copied).registerWishes.push(step.target)
  }
  if (step.kind === 'call') {
    live.forEach(register => {
      node(register).forbidden |= CALLER_SAVED
    })
    if (step.result !== undefined) node(step.result).machineWishes.push(0)
    for (const [index, argument] of step.arguments.entries())
      if ('register' in argument) node(argument.register).machineWishes.push(index + 1)
  }
  if (step.kind === 'compareExchange') {
    // r0 takes what is expected and gives what was found; the address and the new value must be elsewhere.
    const elsewhere = (register: Register) => {
      node(register).forbidden |= 1
    }
    live.forEach(elsewhere)
    for (const register of [step.source, ...baseRegister(step.base)]) elsewhere(register)
    node(step.old).machineWishes.push(0)
    node(step.expected).machineWishes.push(0)
  }
  if ((step.kind === 'atomic' || step.kind === 'exchange') && step.old !== undefined) {
    // The new value's register comes back with the old one, so it starts as a copy beside the address.
    for (const register of baseRegister(step.base)) node(step.old).neighbours.add(register)
    node(step.old).registerWishes.push(step.source)
  }
  for (const register of uses(step)) live.add(register)
}

function color(
  nodes: ReadonlyMap<Register, Node>,
  available: readonly number[],
  unspillable: ReadonlySet<Register>,
): { machine: Map<Register, number>; spilled: Node[] } {
  const machine = new Map<Register, number>()
  const spilled: Node[] = []
  const urgency = (node: Node) =>
    unspillable.has(node.register) ? Number.POSITIVE_INFINITY : node.weight / (1 + node.neighbours.size())
  const order = [...nodes.values()].map(node => ({ node, urgency: urgency(node) }))
  order.sort((a, b) => (a.urgency === b.urgency ? a.node.register - b.node.register : b.urgency - a.urgency))
  for (const { node } of order) {
    let taken = node.forbidden
    node.neighbours.forEach(neighbour => {
      const color = machine.get(neighbour)
      if (color !== undefined) taken |= 1 << color
    })
    const free = (color: number | undefined) =>
      color !== undefined && (taken & (1 << color)) === 0 && available.includes(color)
    const wanted = [...node.registerWishes.map(other => machine.get(other)), ...node.machineWishes].find(free)
    const choice = wanted ?? available.find(free)
    if (choice === undefined) spilled.push(node)
    else machine.set(node.register, choice)
  }
  return { machine, spilled }
}

function spill(body: FunctionBody, spilled: readonly Node[], unspillable: Set<Register>): FunctionBody {
  let registerCount = body.registerCount
  if (spilled.some(({ register }) => unspillable.has(register)))
    throw new Error(`${body.name}: one instruction needs more registers than there are`)
  const { slots, frameBytes } = frameSlots(spilled, body.frameBytes)
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

/** A place below the frame for each register; those that are never wanted at the same time share one. */
function frameSlots(
  spilled: readonly Node[],
  frameBytes: number,
): { slots: Map<Register, number>; frameBytes: number } {
  const slots = new Map<Register, number>()
  let lowest = -frameBytes
  for (const { register, neighbours } of spilled) {
    const taken = new Set<number | undefined>()
    neighbours.forEach(neighbour => {
      taken.add(slots.get(neighbour))
    })
    let slot = -frameBytes - 8
    while (taken.has(slot)) slot -= 8
    slots.set(register, slot)
    lowest = Math.min(lowest, slot)
  }
  return { slots, frameBytes: -lowest }
}

function baseRegister(base: Base): Register[] {
  return base === 'frame' ? [] : [base.register]
}
