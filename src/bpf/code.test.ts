import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Code } from './code.ts'
import { type CompiledProgram, compile } from './compile.ts'
import { HELPER } from './helper.ts'
import { interpret } from './interpreter.ts'
import { type Pointer, StageError, type Value } from './value.ts'

const REGION = { map: 'r', bytes: 64 }
const PACKET = new Uint8Array(64)

function program(main: (code: Code) => void): CompiledProgram {
  return compile({ name: 'test', type: 'tc', main })
}

/** The verdict of a program that is given a mark. */
function verdict(main: (code: Code, mark: Value) => void, mark = 0): number {
  const compiled = program(code => main(code, code.pointer(code.parameter(0), 192).get([8, 'u32'])))
  return interpret(compiled, { packet: PACKET, context: { mark }, regions: { r: new Uint8Array(64) } }).verdict
}

function packetOf(code: Code): Pointer {
  const context = code.pointer(code.parameter(0), 192)
  const data = context.get([76, 'u32'])
  code.guard(data.add(20).le(context.get([80, 'u32'])), () => code.exit(0))
  return code.pointer(data, 20, true)
}

const mistakes: readonly (readonly [name: string, message: RegExp, main: (code: Code) => void])[] = [
  [
    'a value of a branch that need not have been taken',
    /computed in a branch/,
    code => {
      let leaked: Value | undefined
      code.when(code.parameter(0).eq(1), () => {
        leaked = code.constant(1)
      })
      code.exit(leaked!)
    },
  ],
  [
    'a value of one branch in the other',
    /computed in a branch/,
    code => {
      let leaked: Value | undefined
      code.when(
        code.parameter(0).eq(1),
        () => {
          leaked = code.constant(1)
        },
        () => code.exit(leaked!),
      )
    },
  ],
  [
    'a condition of a branch, outside of it',
    /computed in a branch/,
    code => {
      let leaked = code.parameter(0).eq(1)
      code.when(leaked, () => {
        leaked = code.parameter(0).eq(2)
      })
      code.when(leaked, () => code.exit(0))
    },
  ],
  [
    'a pointer of a section, after it',
    /computed in a branch/,
    code => {
      let leaked: Pointer | undefined
      code.section(() => {
        leaked = code.region(REGION, 0, 8)
      })
      leaked!.set([0, 'u8'], 1)
    },
  ],
  [
    'a packet pointer from before the packet was moved',
    /from before a call that may have moved/,
    code => {
      const bytes = packetOf(code)
      code.call(HELPER.pullData, code.parameter(0), 0)
      bytes.get([0, 'u8'])
    },
  ],
  [
    'a packet pointer from before a branch that may have moved the packet',
    /may have moved/,
    code => {
      const bytes = packetOf(code)
      code.when(bytes.get([0, 'u8']).eq(1), () => code.call(HELPER.pullData, code.parameter(0), 0))
      bytes.get([0, 'u8'])
    },
  ],
  [
    'a packet pointer after a loop that may have moved the packet on its way out',
    /may have moved/,
    code => {
      const bytes = packetOf(code)
      code.repeat(3, (round, leave) => {
        code.when(round.eq(1), () => {
          code.call(HELPER.pullData, code.parameter(0), 0)
          leave()
        })
      })
      bytes.get([0, 'u8'])
    },
  ],
  [
    'a packet moved in a loop',
    /a loop may not move the packet/,
    code => {
      code.repeat(3, () => {
        code.call(HELPER.pullData, code.parameter(0), 0)
      })
    },
  ],
  ['a field outside what was checked', /bytes 18 to 22 lie outside the 20/, code => packetOf(code).get([18, 'u32'])],
  [
    'a field outside a narrower part',
    /bytes 8 to 12 lie outside the 10/,
    code => packetOf(code).at(10).get([8, 'u32']),
  ],
  ['a field before the pointer', /bytes -1 to 0 lie outside/, code => packetOf(code).get([-1, 'u8'])],
  ['a part of a region that it does not have', /bytes 60 to 68 lie outside r's 64/, code => code.region(REGION, 60, 8)],
  ['an unaligned field of the stack', /touched at 2, which is no multiple of 4/, code => code.frame(8).get([2, 'u32'])],
  [
    'an atomic operation on two bytes',
    /wants 4 or 8 bytes, not 2/,
    code => code.region(REGION, 0, 8).increase([0, 'u16'], 1),
  ],
  [
    'a path without exit',
    /a path through test ends without exit/,
    code => code.when(code.parameter(0).eq(1), () => code.exit(0)),
  ],
  ['a guard that comes back', /must end in exit or leave/, code => code.guard(code.parameter(0).eq(1), () => {})],
  [
    'a value wider than its variable',
    /8 bits is given a value that may be wider/,
    code => code.variable(1, 8).set(256),
  ],
  [
    'a variable that changed before the condition was asked',
    /given a new value before/,
    code => {
      const variable = code.variable(1)
      const condition = variable.eq(1).and(code.parameter(0).ne(0))
      variable.set(2)
      code.when(condition, () => code.exit(0))
    },
  ],
  [
    'a constant too large for its field',
    /256 does not fit a field of 8 bits/,
    code => code.region(REGION, 0, 8).set([0, 'u8'], 256),
  ],
  ['a constant of more than 64 bits', /does not fit 64 bits/, code => code.parameter(0).add(1n << 64n)],
  [
    'a constant of more than 32 bits in 32-bit arithmetic',
    /does not fit 32 bits/,
    code => code.parameter(0).add32(2 ** 32),
  ],
  ['a division by zero', /divides by zero/, code => code.parameter(0).mod(0)],
  ['a shift by more bits than there are', /shifted by 64/, code => code.parameter(0).shl(64)],
  ['a parameter that there is not', /test has no parameter 1/, code => code.parameter(1)],
]

for (const [name, message, main] of mistakes) {
  test(`a StageError for ${name}`, () => {
    assert.throws(
      () => program(main),
      error => {
        assert.ok(error instanceof StageError, String(error))
        assert.match(error.message, message)
        assert.match(error.message, /\(code\.test\.ts:\d+\)$/)
        return true
      },
    )
  })
}

test('a packet pointer stays good where the branch that moved the packet has ended', () => {
  program(code => {
    const bytes = packetOf(code)
    code.when(bytes.get([0, 'u8']).eq(1), () => {
      code.call(HELPER.pullData, code.parameter(0), 0)
      code.exit(1)
    })
    code.exit(bytes.get([0, 'u8']))
  })
})

for (const [mark, expected] of [
  [0, 3],
  [1, 1],
  [2, 2],
  [5, 3],
] as const) {
  test(`when() takes one side: ${mark}`, () => {
    const main = (code: Code, value: Value) => {
      const result = code.variable(3)
      code.when(
        value.eq(1),
        () => result.set(1),
        () => code.when(value.eq(2), () => result.set(2)),
      )
      code.exit(result)
    }
    assert.equal(verdict(main, mark), expected)
  })
}

test('and, or and not ask as they read', () => {
  const main = (code: Code, mark: Value) => {
    const small = mark.lt(10)
    const even = mark.has(1).not()
    code.when(
      small.and(even).or(mark.eq(99)),
      () => code.exit(1),
      () => code.exit(0),
    )
  }
  assert.deepEqual(
    [4, 5, 12, 99, 100].map(mark => verdict(main, mark)),
    [1, 0, 0, 1, 0],
  )
})

test('repeat() counts its rounds and leaves early', () => {
  const main = (code: Code, mark: Value) => {
    const sum = code.variable(0)
    code.repeat(10, (round, leave) => {
      code.when(round.eq(mark), leave)
      sum.set(sum.add(round))
    })
    code.exit(sum)
  }
  assert.deepEqual(
    [0, 1, 4, 50].map(mark => verdict(main, mark)),
    [0, 0, 6, 45],
  )
})

test('leave() goes on after its own section, from inside others', () => {
  const main = (code: Code, mark: Value) => {
    const trail = code.variable(0)
    code.section(outer => {
      code.section(inner => {
        code.repeat(3, round => {
          code.when(round.eq(mark), inner)
          code.when(round.add(10).eq(mark), outer)
          trail.set(trail.mul(10).add(1))
        })
        trail.set(trail.mul(10).add(2))
      })
      trail.set(trail.mul(10).add(3))
    })
    code.exit(trail.mul(10).add(4))
  }
  assert.deepEqual(
    [1, 11, 99].map(mark => verdict(main, mark)),
    [134, 14, 111234],
  )
})

test('a variable read before it is set again keeps what it was, in 32 bits too', () => {
  const main = (code: Code, mark: Value) => {
    const variable = code.variable(mark, 32)
    const before = variable.low32()
    variable.set(1)
    code.exit(before.mul(100).add(variable))
  }
  assert.equal(verdict(main, 7), 701)
})

for (const [name, value, expected] of [
  ['0x80000000 is positive', 0x80000000, 1],
  ['0xffffffff is positive', 0xffffffff, 1],
  ['-1 is negative', -1, 0],
  ['2 ** 32 is positive', 2 ** 32, 1],
] as const) {
  test(`a constant is the number it says: ${name}`, () => {
    assert.equal(
      verdict(code =>
        code.when(
          code.constant(value).sgt(0),
          () => code.exit(1),
          () => code.exit(0),
        ),
      ),
      expected,
    )
  })
}

test('comparisons with constants of 32 bits look at all of the value', () => {
  const main = (code: Code, mark: Value) => {
    const wide = mark.or(1n << 40n)
    code.when(wide.eq(0x8000_0001), () => code.exit(1))
    code.when(mark.eq(0x8000_0001), () => code.exit(2))
    code.when(mark.gt(0x9000_0000), () => code.exit(3))
    code.exit(4)
  }
  assert.deepEqual(
    [0x8000_0001, 0x9000_0001, 1].map(mark => verdict(main, mark)),
    [2, 3, 4],
  )
})

test('code after exit and in branches that are never taken is not in the program', () => {
  const { lines } = program(code => {
    code.exit(1)
    code.region(REGION, 0, 8).set([0, 'u8'], 1)
    code.exit(2)
  })
  assert.equal(lines.length, 2)
})
