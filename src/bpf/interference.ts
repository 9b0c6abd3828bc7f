/** Which registers cannot share a machine register, because both hold a wanted value at some time, and which would like to. */
import {
  type Base,
  defines,
  type FunctionBody,
  type Register,
  type Step,
  type Terminator,
  terminatorUses,
  uses,
} from './ir.ts'
import { liveAtEnd, RegisterSet } from './liveness.ts'

/** r0 to r5, a bit each: a call leaves nothing in them. */
const CALLER_SAVED = 0x3f

export class Interference {
  /** Machine registers each cannot have, a bit each. */
  readonly forbidden: Uint16Array
  /** How often each is read and written, loops counted more and cold blocks less; -1 if never. */
  readonly weight: Float64Array
  private readonly edges: Edges
  private readonly machines: (number[] | undefined)[]
  private readonly partners: (Register[] | undefined)[]

  constructor(body: FunctionBody) {
    const count = body.registerCount
    this.forbidden = new Uint16Array(count)
    this.weight = new Float64Array(count).fill(-1)
    this.edges = new Edges(count)
    this.machines = new Array(count)
    this.partners = new Array(count)
    const ends = liveAtEnd(body.blocks, count)
    const live = new RegisterSet(count)
    for (const block of body.blocks) {
      const value = 10 ** Math.min(block.depth, 4) * (block.cold ? 0.01 : 1)
      live.clear()
      for (const register of ends.get(block)!) live.add(register)
      this.meetEnd(block.terminator!, value, live)
      for (let i = block.steps.length - 1; i >= 0; i--) this.meetStep(block.steps[i]!, value, live)
      if (block === body.blocks[0]) this.meetParameters(body.parameters, live)
    }
  }

  /** Registers that must have another machine register; one that was met twice is named twice. */
  forEachNeighbour(register: Register, visit: (neighbour: Register) => void): void {
    this.edges.forEach(register, visit)
  }

  /** How many different registers must have another machine register. */
  neighbourCount(register: Register): number {
    return this.edges.countFrom(register)
  }

  /** Machine registers that would make a move unnecessary. */
  wishedMachines(register: Register): readonly number[] {
    return this.machines[register] ?? []
  }

  /** Registers that it would be good to share a machine register with. */
  wishedPartners(register: Register): readonly Register[] {
    return this.partners[register] ?? []
  }

  private meetParameters(parameters: readonly Register[], live: RegisterSet): void {
    for (const [index, parameter] of parameters.entries()) {
      live.add(parameter)
      this.touch(parameter, 0)
      this.wishForMachine(parameter, index + 1)
    }
    for (const parameter of parameters) this.setApart(parameter, live)
  }

  private meetEnd(end: Terminator, value: number, live: RegisterSet): void {
    for (const register of terminatorUses(end)) {
      this.touch(register, value)
      live.add(register)
    }
    if (end.kind === 'exit' && 'register' in end.value) this.wishForMachine(end.value.register, 0)
  }

  /** Going backwards over one step: what is live beside what it writes, then what it reads becomes live. */
  private meetStep(step: Step, value: number, live: RegisterSet): void {
    const written = defines(step)
    // Both hold the same value after a whole copy, so they may share; one of the low half changes it.
    const copied =
      step.kind === 'move' && step.width === 64 && 'register' in step.source ? step.source.register : undefined
    if (written !== undefined) {
      this.touch(written, value)
      this.setApart(written, live, copied)
      live.delete(written)
      if (copied !== undefined) this.wishToShare(written, copied)
    }
    if (step.kind === 'call') {
      this.forbid(live, CALLER_SAVED)
      if (step.result !== undefined) this.wishForMachine(step.result, 0)
      for (const [index, argument] of step.arguments.entries())
        if ('register' in argument) this.wishForMachine(argument.register, index + 1)
    }
    if (step.kind === 'compareExchange') {
      // r0 takes what is expected and gives what was found; the address and the new value must be elsewhere.
      this.forbid(live, 1)
      for (const register of [step.source, ...baseRegister(step.base)]) this.forbidden[register]! |= 1
      this.wishForMachine(step.old, 0)
      this.wishForMachine(step.expected, 0)
    }
    if ((step.kind === 'atomic' || step.kind === 'exchange') && step.old !== undefined) {
      // The new value's register comes back with the old one, so it starts as a copy beside the address.
      for (const register of baseRegister(step.base)) this.edges.join(step.old, register)
      this.wishToShare(step.old, step.source)
    }
    for (const register of uses(step)) {
      this.touch(register, value)
      live.add(register)
    }
  }

  private touch(register: Register, value: number): void {
    this.weight[register] = Math.max(0, this.weight[register]!) + value
  }

  /** Keeps a register apart from all that are live, but for one that holds the same value. */
  private setApart(register: Register, live: RegisterSet, same?: Register | undefined): void {
    for (let place = 0; place < live.size; place++) {
      const other = live.at(place)
      if (other !== register && other !== same) this.edges.join(register, other)
    }
  }

  private forbid(live: RegisterSet, machines: number): void {
    for (let place = 0; place < live.size; place++) this.forbidden[live.at(place)]! |= machines
  }

  private wishForMachine(register: Register, machine: number): void {
    append(this.machines, register, machine)
  }

  private wishToShare(one: Register, other: Register): void {
    append(this.partners, one, other)
    append(this.partners, other, one)
  }
}

function append(lists: (number[] | undefined)[], index: number, value: number): void {
  const list = lists[index]
  if (list === undefined) lists[index] = [value]
  else list.push(value)
}

function baseRegister(base: Base): Register[] {
  return base === 'frame' ? [] : [base.register]
}

/** Pairs of registers as chains in flat arrays: there are a million, and as many small arrays would be collected all day. */
class Edges {
  /** Each register's first edge, each edge's next one and where it leads; -1 ends a chain. */
  private readonly first: Int32Array
  private next: Int32Array
  private target: Int32Array
  private used = 0
  /** Who counted a register last. */
  private readonly counted: Int32Array

  constructor(registers: number) {
    this.first = new Int32Array(registers).fill(-1)
    this.counted = new Int32Array(registers).fill(-1)
    this.next = new Int32Array(registers * 32)
    this.target = new Int32Array(registers * 32)
  }

  join(one: Register, other: Register): void {
    if (this.used + 2 > this.next.length) {
      this.next = grown(this.next)
      this.target = grown(this.target)
    }
    this.lead(one, other)
    this.lead(other, one)
  }

  forEach(register: Register, visit: (other: Register) => void): void {
    for (let edge = this.first[register]!; edge >= 0; edge = this.next[edge]!) visit(this.target[edge]!)
  }

  countFrom(register: Register): number {
    let count = 0
    for (let edge = this.first[register]!; edge >= 0; edge = this.next[edge]!) {
      const other = this.target[edge]!
      if (this.counted[other] === register) continue
      this.counted[other] = register
      count++
    }
    return count
  }

  private lead(from: Register, to: Register): void {
    this.target[this.used] = to
    this.next[this.used] = this.first[from]!
    this.first[from] = this.used++
  }
}

function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
