/**
 * The language: a function of TypeScript that runs once, at load time, and writes the program as it goes.
 *
 * What JavaScript computes is decided now: an `if` leaves the other branch out of the program, a `for` unrolls. What
 * the methods here compute is decided for each packet: `when` branches, `repeat` loops. Control flow is structured, so
 * the values in sight are those that every path has computed.
 */
import { HELPER, type Helper, TELL } from './helper.ts'
import type { Base, Block, FunctionBody, Operand, Operation, Register, Terminator } from './ir.ts'
import { callerPosition, positionText } from './position.ts'
import {
  assign,
  type Condition,
  type ConditionTree,
  type Emitter,
  operandOf,
  Pointer,
  registerOf,
  type Scalar,
  StageError,
  Value,
  Variable,
} from './value.ts'

/** Memory that outlives the program: one map of one element, whose bytes the program addresses directly. */
export interface Region {
  readonly map: string
  readonly bytes: number
}

/** Something that a program has to tell, and what its numbers are called. */
export interface Telling {
  readonly event: string
  readonly fields: readonly string[]
}

export interface CodeOptions {
  readonly name: string
  readonly parameters: number
  /** Keep the TypeScript position of every step, for the verifier's messages; takes time. */
  readonly positions: boolean
  /** Receives what the program has to tell; without it the program tells nothing. */
  readonly tellings?: Telling[] | undefined
}

export class Code implements Emitter {
  readonly name: string
  private readonly positions: boolean
  private readonly tellings: Telling[] | undefined
  private readonly blocks: Block[] = []
  private readonly parameters: Register[]
  private registers = 0
  /** How much of the frame is taken where code is written now, and the most that ever was: branches share. */
  private frameTop = 0
  private frameBytes = 0
  private current: Block
  private loopDepth = 0
  private coldDepth = 0
  private readonly scopes: number[] = [0]
  private scopeCount = 1
  private epoch = 0
  private pendingComment: string | undefined
  /** Blocks that some path leads to; code written into any other is never run. */
  private readonly entered: Set<Block> = new Set()

  constructor(options: CodeOptions) {
    this.name = options.name
    this.positions = options.positions
    this.tellings = options.tellings
    this.parameters = Array.from({ length: options.parameters }, () => this.fresh())
    this.current = this.block()
    this.entered.add(this.current)
  }

  // What values need of us; programs have no use for these.

  get scope(): number {
    return this.scopes.at(-1)!
  }
  get packetEpoch(): number {
    return this.epoch
  }
  fresh(): Register {
    return this.registers++
  }
  emit(operation: Operation): void {
    const position = this.positions ? callerPosition() : undefined
    // The operation was made for us and becomes the step itself: to copy every one is a quarter of the work of writing.
    this.current.steps.push(Object.assign(operation, { position, comment: this.pendingComment }))
    this.pendingComment = undefined
  }
  checkScope(scope: number): void {
    if (!this.scopes.includes(scope)) this.fail('this value was computed in a branch that need not have been taken')
  }
  fail(message: string): never {
    const position = callerPosition()
    throw new StageError(position === undefined ? message : `${message} (${positionText(position)})`)
  }

  // Values and memory.

  /** What the caller passed in: r1 is number 0, the packet's context in a program. */
  parameter(index: number): Value {
    const register = this.parameters[index]
    if (register === undefined) this.fail(`${this.name} has no parameter ${index}`)
    return new Value(this, register, 64)
  }

  constant(value: number | bigint): Value {
    return new Value(this, registerOf(this, value), 64)
  }

  /** A variable of the given width that starts with `value`. */
  variable(value: Scalar, bits: 8 | 16 | 32 | 64 = 64): Variable {
    const target = this.fresh()
    assign(this, target, value)
    return new Variable(this, target, bits)
  }

  /** Zeroed bytes on the stack: a key, or a structure that a helper reads and writes. 512 bytes are all there is. */
  frame(bytes: number): Pointer {
    const size = Math.ceil(bytes / 8) * 8
    this.frameTop += size
    this.frameBytes = Math.max(this.frameBytes, this.frameTop)
    const pointer = new Pointer(this, 'frame', -this.frameTop, size, false)
    for (let at = 0; at < size; at += 8) pointer.set([at, 'u64'], 0)
    return pointer
  }

  /** `extent` bytes of a region from `offset` on; with a computed offset, its largest value plus extent must fit the region. */
  region(region: Region, offset: Scalar, extent: number): Pointer {
    const target = this.fresh()
    if (!(offset instanceof Value)) {
      if (Number(offset) + extent > region.bytes)
        this.fail(`bytes ${offset} to ${Number(offset) + extent} lie outside ${region.map}'s ${region.bytes}`)
      this.emit({ kind: 'map', target, map: region.map, valueOffset: Number(offset) })
    } else {
      this.emit({ kind: 'map', target, map: region.map, valueOffset: 0 })
      this.emit({ kind: 'alu', operation: 'add', width: 64, target, source: { register: offset.use() } })
    }
    return new Pointer(this, { register: target }, 0, extent, false)
  }

  /** The map itself, for a helper that takes one. */
  map(name: string): Value {
    const target = this.fresh()
    this.emit({ kind: 'map', target, map: name, valueOffset: undefined })
    return new Value(this, target, 64)
  }

  /** A callback of this program, for a helper that takes one. */
  callback(name: string): Value {
    const target = this.fresh()
    this.emit({ kind: 'function', target, name })
    return new Value(this, target, 64)
  }

  /** Memory at an address that a helper or the context gave, over `extent` bytes that the verifier knows of. */
  pointer(address: Value, extent: number, inPacket = false): Pointer {
    const base: Base = { register: address.use() }
    return new Pointer(this, base, 0, extent, inPacket)
  }

  call(helper: Helper, ...values: readonly Scalar[]): Value {
    const operands: Operand[] = values.map(value => operandOf(this, value))
    const result = this.fresh()
    this.emit({ kind: 'call', helper, arguments: operands, result })
    if (helper.moves === true) this.epoch++
    return new Value(this, result, 64)
  }

  /** Goes on in the program at `index` of a program array and does not come back; falls through where there is none. */
  tailCall(context: Value, map: string, index: number): void {
    this.call(HELPER.tailCall, context, this.map(map), index)
  }

  /** A remark in the listing, above the next instruction. */
  comment(text: string): void {
    this.pendingComment = text
  }

  /**
   * Says what happens here, to whoever interprets the program and wants to know: an event and up to four numbers.
   * In a program that is not compiled to be traced it leaves no trace.
   */
  tell(event: string, values: () => Readonly<Record<string, Scalar>> = () => ({})): void {
    if (this.tellings === undefined || !this.entered.has(this.current)) return
    const named = values()
    const place = this.tellings.push({ event, fields: Object.keys(named) }) - 1
    this.call(TELL, place, ...Object.values(named))
  }

  // Control flow.

  /** Runs `then` where the condition holds, else `otherwise`. */
  when(condition: Condition, then: () => void, otherwise?: () => void): void {
    this.choose(condition, then, otherwise, false)
  }

  /** The same for what seldom happens: its code is laid out of the way of the rest. */
  rarely(condition: Condition, then: () => void): void {
    this.choose(condition, then, undefined, true)
  }

  /** Goes on only where the condition holds; `otherwise`, which must not come back, has what fails. */
  guard(condition: Condition, otherwise: () => void): void {
    this.choose(
      condition.not(),
      () => {
        otherwise()
        if (this.entered.has(this.current)) this.fail('what a guard does otherwise must end in exit or leave')
      },
      undefined,
      true,
    )
  }

  /** Runs the body; `leave` inside it, at any depth, goes on after it. */
  section(body: (leave: () => void) => void): void {
    const end = this.block()
    const epochs: number[] = []
    const leave = () => {
      if (this.end({ kind: 'jump', to: end })) epochs.push(this.epoch)
    }
    this.scoped(() => body(leave))
    leave()
    if (epochs.length > 0) this.epoch = Math.max(...epochs)
    this.current = end
  }

  /** Runs the body up to `times` times, with the count of the rounds before; `leave` ends it early. */
  repeat(times: number, body: (round: Value, leave: () => void) => void): void {
    const round = this.variable(0)
    this.loopDepth++
    const head = this.block()
    const inside = this.block()
    this.loopDepth--
    const end = this.block()
    this.end({ kind: 'jump', to: head })
    this.current = head
    this.branch(round.lt(times).tree(), inside, end)
    this.current = inside
    const before = this.epoch
    const epochs = [before]
    this.loopDepth++
    const leave = () => {
      if (this.end({ kind: 'jump', to: end })) epochs.push(this.epoch)
    }
    this.scoped(() => body(round, leave))
    if (this.entered.has(this.current) && this.epoch !== before) this.fail('a loop may not move the packet')
    round.set(round.add(1))
    this.loopDepth--
    this.end({ kind: 'jump', to: head })
    this.epoch = Math.max(...epochs)
    this.current = end
  }

  /** The function's result. Code after it is reached only by other paths. */
  exit(value: Scalar): void {
    this.end({ kind: 'exit', value: operandOf(this, value) })
  }

  /** Ends writing. Throws StageError if a path runs off the end. */
  finish(): FunctionBody {
    if (this.entered.has(this.current)) this.fail(`a path through ${this.name} ends without exit`)
    return {
      name: this.name,
      parameters: this.parameters,
      blocks: this.blocks.filter(block => this.entered.has(block)),
      registerCount: this.registers,
      frameBytes: this.frameBytes,
    }
  }

  private choose(condition: Condition, then: () => void, otherwise: (() => void) | undefined, cold: boolean): void {
    if (cold) this.coldDepth++
    const thenBlock = this.block()
    if (cold) this.coldDepth--
    const otherwiseBlock = otherwise === undefined ? undefined : this.block()
    const join = this.block()
    this.branch(condition.tree(), thenBlock, otherwiseBlock ?? join)
    const before = this.epoch
    // A branch that may have moved the packet and comes back leaves no packet pointer good; one that ends does no harm.
    const epochs = otherwise === undefined ? [before] : []
    const write = (block: Block, body: () => void) => {
      this.current = block
      this.epoch = before
      this.scoped(body)
      if (this.end({ kind: 'jump', to: join })) epochs.push(this.epoch)
    }
    if (cold) this.coldDepth++
    write(thenBlock, then)
    if (cold) this.coldDepth--
    if (otherwise !== undefined && otherwiseBlock !== undefined) write(otherwiseBlock, otherwise)
    this.epoch = Math.max(before, ...epochs)
    this.current = join
  }

  private branch(tree: ConditionTree, then: Block, otherwise: Block): void {
    switch (tree.kind) {
      case 'compare': {
        const { comparison, width, left, right } = tree
        this.end({ kind: 'branch', comparison, width, left, right, yes: then, no: otherwise })
        return
      }
      case 'not':
        this.branch(tree.of, otherwise, then)
        return
      case 'and': {
        const second = this.block()
        this.branch(tree.left, second, otherwise)
        this.current = second
        this.branch(tree.right, then, otherwise)
        return
      }
      case 'or': {
        const second = this.block()
        this.branch(tree.left, then, second)
        this.current = second
        this.branch(tree.right, then, otherwise)
        return
      }
      case 'constant':
        this.end({ kind: 'jump', to: tree.value ? then : otherwise })
    }
  }

  /** Ends the block and opens one that nothing leads to; true if the ended one can be reached. */
  private end(terminator: Terminator): boolean {
    const alive = this.entered.has(this.current)
    this.current.terminator = { ...terminator, position: this.positions ? callerPosition() : undefined }
    if (alive && terminator.kind === 'jump') this.entered.add(terminator.to)
    if (alive && terminator.kind === 'branch') this.entered.add(terminator.yes).add(terminator.no)
    this.current = this.block()
    return alive
  }

  private scoped(body: () => void): void {
    this.scopes.push(this.scopeCount++)
    const top = this.frameTop
    body()
    this.frameTop = top
    this.scopes.pop()
  }

  private block(): Block {
    const block: Block = {
      id: this.blocks.length,
      cold: this.coldDepth > 0,
      depth: this.loopDepth,
      steps: [],
      terminator: undefined,
    }
    this.blocks.push(block)
    return block
  }
}
