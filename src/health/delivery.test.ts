import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AWAITING_GREETING, endDelivery, stepDelivery } from './delivery.ts'

const envelope = { helo: 'lb', from: 'lvs@x', to: ['a@x', 'b@x'], text: 'Subject: s\n\n.hidden\n.' }

/** What is said in answer to each thing that is heard, and what came of it. */
function talk(...heard: readonly string[]) {
  let delivery = AWAITING_GREETING
  const said: string[] = []
  for (const text of heard) {
    const step = stepDelivery(envelope, delivery, text)
    delivery = step.delivery
    said.push(...step.lines.split('\r\n').slice(0, -1))
    if (step.end !== undefined) return { said, ...step.end }
  }
  return { said, ...endDelivery(delivery, undefined) }
}

const GREETED = ['220-hello\r\n220 you\r\n', '250 fine\r\n', '250 fine\r\n'] as const

test('stepDelivery() delivers to everybody, with dots doubled', () => {
  const { said, delivered, problems } = talk(
    ...GREETED,
    '250 a\r\n',
    '250 b\r\n',
    '354 go\r',
    '\n',
    '250 ok\r\n',
    '221 bye\r\n',
  )
  assert.deepEqual(said, [
    'HELO lb',
    'MAIL FROM:<lvs@x>',
    'RCPT TO:<a@x>',
    'RCPT TO:<b@x>',
    'DATA',
    'Subject: s',
    '',
    '..hidden',
    '..',
    '.',
    'QUIT',
  ])
  assert.deepEqual([delivered, problems], [true, []])
})

test('stepDelivery() delivers to those who are not refused', () => {
  const heard = [...GREETED, '550 who?\r\n', '250 b\r\n', '354 go\r\n', '250 ok\r\n']
  const { delivered, problems } = talk(...heard)
  assert.deepEqual([delivered, problems], [true, ['a@x: 550 who?']])
})

for (const [what, heard, problem, leaves] of [
  ['refuses', ['554 no\r\n'], 'the mail server answers the connection with "554 no"', true],
  ['knows nobody', [...GREETED, '550 no\r\n', '550 no\r\n'], 'a@x: 550 no', true],
  ['wants no data', [...GREETED, '250 a\r\n', '250 b\r\n', '250 what\r\n'], /answers DATA with "250 what"/, true],
  [
    'wants no letter',
    [...GREETED, '250 a\r\n', '250 b\r\n', '354\r\n', '552 big\r\n'],
    /answers the letter with/,
    true,
  ],
  ['closes', ['220 x\r\n'], 'the mail server closed the connection instead of answering HELO', false],
  ['talks on and on', ['220-x'.repeat(4000)], 'an endless answer to the connection', true],
] as const) {
  test(`stepDelivery() with a server that ${what}`, () => {
    const { said, delivered, problems } = talk(...heard)
    assert.equal(delivered, false)
    if (typeof problem === 'string') assert.equal(problems[0], problem)
    else assert.match(problems[0] ?? '', problem)
    assert.equal(said.at(-1) === 'QUIT', leaves)
  })
}
