import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { compile } from './compile.ts'
import { HELPER } from './helper.ts'
import { list } from './listing.ts'

const source = {
  name: 'golden',
  type: 'tc',
  main: code => {
    const context = code.pointer(code.parameter(0), 192)
    code.comment('what the mark says')
    const mark = context.get([8, 'u32'])
    code.guard(mark.ne(0x10203), () => code.exit(2))
    const slot = mark.mul(0x9e3779b97f4a7c15n).shr(54).and(0x3f8)
    const entry = code.region({ map: 'entries', bytes: 1024 }, slot, 8)
    entry.increase([4, 'u32'], 1)
    const old = entry.compareExchange([0, 'u32'], 0, mark)
    const key = code.frame(8)
    key.set([0, 'be32'], old.sub32(1))
    code.repeat(3, (round, leave) => {
      code.when(mark.slt(-1).or(round.has(2)), leave)
      key.set([4, 'be16'], 443)
    })
    code.call(HELPER.loop, 2, code.callback('again'), key.address(), 0)
    const found = code.call(HELPER.mapLookup, code.map('table'), key.address())
    code.rarely(found.eq(0), () => code.exit(entry.exchange([0, 'u32'], 9)))
    code.exit(entry.fetchAdd([0, 'u32'], mark))
  },
  callbacks: { again: { parameters: 2, body: code => code.exit(code.parameter(0).and(1)) } },
} satisfies Parameters<typeof compile>[0]

/** Rewritten with UPDATE=1, and then to be read: it is the compiler's work as much as the listing's. */
const GOLDEN = new URL('testdata/golden.listing', import.meta.url)

test('list() prints a program as the kernel dumps it', () => {
  const text = list(compile(source))
  if (process.env.UPDATE === '1') writeFileSync(GOLDEN, text)
  assert.equal(text, readFileSync(GOLDEN, 'utf8'))
})

test('list() names the TypeScript lines of a program compiled with positions', () => {
  const lines = list(compile(source, { positions: true })).split('\n')
  const remarks = lines.filter(line => line.trimStart().startsWith(';')).map(line => line.trim())
  assert.ok(remarks.length > 10)
  for (const remark of remarks) assert.match(remark, /^; listing\.test\.ts:\d+( {2}what the mark says)?$/)
})

test('list() marks what jumps lead to', () => {
  const text = list(compile(source))
  const marked = [...text.matchAll(/^> +(\d+):/gm)].map(match => match[1])
  const targets = new Set([...text.matchAll(/goto (\d+)$/gm)].map(match => match[1]))
  assert.deepEqual(new Set(marked), targets)
})
