import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnostic, type Span } from './diagnostic.ts'
import { render, renderAll } from './render.ts'
import { Source } from './source.ts'

function sources(text: string, file = 'k.conf') {
  return new Map([[file, new Source(file, text)]])
}

/** The first occurrence of `word` behind `after`. */
function spanOf(text: string, word: string, after = '', file = 'k.conf'): Span {
  const start = text.indexOf(word, text.indexOf(after) + after.length)
  return { file, start, end: start + word.length }
}

test('render() shows the line, a caret and what it says', () => {
  const text = 'vrrp_instance VI_1 {\n    priorty 150\n}\n'
  const problem = diagnostic(
    'unknown-keyword',
    spanOf(text, 'priorty'),
    { block: 'vrrp_instance', keyword: 'priorty' },
    { label: 'did you mean "priority"?' },
  )
  assert.equal(
    render(problem, sources(text)),
    `k.conf:2:5: error[unknown-keyword]: vrrp_instance has no keyword "priorty"
  |
2 |     priorty 150
  |     ^^^^^^^ did you mean "priority"?`,
  )
})

test('render() marks a second place with dashes, in the order of the text, and ends with the remedy', () => {
  const lines = [
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
    'g',
    'h',
    '    virtual_router_id 51',
    'i',
    '',
    '',
    '',
    '',
    '',
    '',
    '    virtual_router_id 51 ',
  ]
  const text = lines.join('\n')
  const problem = diagnostic(
    'duplicate-router-id',
    spanOf(text, '51', 'virtual_router_id 51\ni\n'),
    { id: 51, interface: 'eth0', family: 'IPv4' },
    {
      label: 'taken again by VI_2',
      notes: [{ span: spanOf(text, '51'), text: 'first taken by VI_1' }],
      help: 'give each its own',
    },
  )
  assert.equal(
    render(problem, sources(text)),
    `k.conf:17:23: error[duplicate-router-id]: virtual_router_id 51 is already taken on eth0 (IPv4)
   |
 9 |     virtual_router_id 51
   |                       -- first taken by VI_1
   …
17 |     virtual_router_id 51
   |                       ^^ taken again by VI_2
   = give each its own`,
  )
})

test('render() keeps the caret under its word behind tabs and wide characters', () => {
  const text = '\t路由 x\n'
  const problem = diagnostic('unknown-keyword', spanOf(text, 'x'), { block: 'b', keyword: 'x' })
  assert.deepEqual(render(problem, sources(text)).split('\n').slice(2), ['1 | \t路由 x', '  | \t     ^'])
})

test('render() names the other file of a second place', () => {
  const problem = diagnostic(
    'unknown-keyword',
    { file: 'a', start: 0, end: 1 },
    { block: 'b', keyword: 'x' },
    { notes: [{ span: { file: 'b', start: 2, end: 3 }, text: 'here' }] },
  )
  const both = new Map([...sources('x\n', 'a'), ...sources('\n\ny\n', 'b')])
  assert.deepEqual(render(problem, both).split('\n').slice(3), ['  | ^', '  ::: b:3:1', '3 | y', '  | - here'])
})

test('render() does without the text if it is not at hand', () => {
  const problem = diagnostic(
    'unreadable-file',
    { file: 'gone', start: 0, end: 0 },
    { file: 'gone', reason: 'no such file' },
  )
  assert.equal(render(problem, new Map()), 'gone: error[unreadable-file]: cannot read gone: no such file')
})

test('renderAll() colours only when asked', () => {
  const problem = diagnostic('unknown-keyword', { file: 'k.conf', start: 0, end: 1 }, { block: 'b', keyword: 'x' })
  assert.doesNotMatch(renderAll([problem], sources('x')), /\x1b/)
  assert.match(renderAll([problem], sources('x'), { colour: true }), /\x1b\[31m/)
})

test('render() shows of a long line what is around the mark', () => {
  const text = `${'a '.repeat(1000)}priorty ${'b '.repeat(1000)}\n`
  const source = new Source('long.conf', text)
  const span = { file: 'long.conf', start: 2000, end: 2007 }
  const fill = { block: 'vrrp_instance', keyword: 'priorty' }
  const lines = render(diagnostic('unknown-keyword', span, fill), new Map([['long.conf', source]])).split('\n')
  assert.ok(lines.every(line => line.length < 170))
  assert.equal(lines[2]!.indexOf('priorty'), lines[3]!.indexOf('^'))
  assert.match(lines[2]!, /^1 \|.*… ?a.*priorty.*…$|^1 \| ….*priorty.*…$/)
})

test('render() shows a long line once for each mark that is far from the others', () => {
  const text = `first ${'a '.repeat(500)}second\n`
  const source = new Source('long.conf', text)
  const at = (word: string) => ({ file: 'long.conf', start: text.indexOf(word), end: text.indexOf(word) + word.length })
  const notes = [{ span: at('first'), text: 'first here' }]
  const shown = render(
    diagnostic('duplicate-service', at('second'), { service: 'x' }, { notes }),
    new Map([['long.conf', source]]),
  )
  assert.match(shown, /\| first [^\n]*…\n[^\n]*----- first here\n[^\n]*….*second\n[^\n]*\^{6}/)
})

test('render() lets no text command the terminal', () => {
  const text = '\x1b[2Jpriorty 1\n'
  const span = { file: 'x.conf', start: 0, end: 11 }
  const fill = { block: 'vrrp_instance', keyword: '\x1b[2Jpriorty' }
  const shown = render(diagnostic('unknown-keyword', span, fill), new Map([['x.conf', new Source('x.conf', text)]]))
  assert.ok(!shown.includes('\x1b'))
  assert.match(shown, /\u241b\[2Jpriorty 1/)
})
