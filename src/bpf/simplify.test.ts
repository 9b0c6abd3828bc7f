import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Code } from './code.ts'
import { HELPER } from './helper.ts'
import type { FunctionBody } from './ir.ts'
import { simplify } from './simplify.ts'

function simplified(main: (code: Code) => void): FunctionBody {
  const code = new Code({ name: 'test', parameters: 1, positions: false })
  main(code)
  return simplify(code.finish())
}

function kinds(body: FunctionBody): string[] {
  return body.blocks.flatMap(block => block.steps.map(step => step.kind))
}

test('simplify() drops results that nobody reads, and what led to them', () => {
  const body = simplified(code => {
    code.parameter(0).add(1).mul(2).swap(32)
    code.exit(0)
  })
  assert.deepEqual(kinds(body), [])
})

test('simplify() keeps what matters beside its result', () => {
  const region = { map: 'r', bytes: 8 }
  const body = simplified(code => {
    code.call(HELPER.jiffies)
    const place = code.region(region, 0, 8)
    place.fetchAdd([0, 'u64'], 1)
    place.exchange([0, 'u64'], 1)
    place.set([0, 'u64'], 1)
    code.exit(0)
  })
  assert.deepEqual(
    kinds(body).filter(kind => kind !== 'move'),
    ['call', 'map', 'atomic', 'exchange', 'store'],
  )
})

test('simplify() lets jumps go where they end up', () => {
  const body = simplified(code => {
    const value = code.parameter(0)
    code.section(leave => {
      code.when(value.eq(1), () => code.section(() => code.when(value.eq(2), leave)))
    })
    code.exit(3)
  })
  assert.deepEqual(
    body.blocks.map(block => block.terminator?.kind),
    ['branch', 'exit', 'branch'],
  )
})

test('simplify() reads the original of a copy, until one of them changes', () => {
  const body = simplified(code => {
    const variable = code.variable(code.parameter(0))
    const early = variable.add(0)
    variable.set(7)
    code.exit(early.xor(variable).xor(code.parameter(0)))
  })
  const [first] = body.blocks
  // The copy that `early` starts from is taken of the parameter, which does not change, and not of the variable.
  assert.deepEqual(
    first!.steps.find(step => step.kind === 'move' && 'register' in step.source),
    {
      ...first!.steps[0],
      kind: 'move',
      source: { register: 0 },
    },
  )
})

test('simplify() knows that a copy is none any more once its original has changed', () => {
  const body = simplified(code => {
    const variable = code.variable(1)
    const copy = code.variable(variable)
    variable.set(2)
    code.exit(copy)
  })
  const end = body.blocks[0]!.terminator
  const copied = body.blocks[0]!.steps.find(step => step.kind === 'move' && 'register' in step.source)
  assert.ok(end?.kind === 'exit' && copied?.kind === 'move')
  assert.deepEqual(end.value, { register: copied.target })
})
