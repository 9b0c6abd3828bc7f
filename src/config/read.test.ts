// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the braces of keepalived's definitions
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesInMemory } from './file-system.ts'
import { FILE } from './fixture.ts'
import { type ReadOptions, readConfiguration } from './read.ts'

/** The logical lines as people would write them, words joined by bars. */
function read(text: string, options: ReadOptions = {}, include: Readonly<Record<string, string>> = {}) {
  const result = readConfiguration(FILE, {
    environment: {},
    madeLinesMax: 1000,
    ...options,
    files: filesInMemory({ [FILE]: text, ...include }),
  })
  const lines = result.lines.map(({ words, brace }) =>
    [...words.map(word => word.text), ...(brace === '' ? [] : [brace])].join('|'),
  )
  return { lines, codes: result.diagnostics.map(({ code }) => code), words: result.lines.flatMap(({ words }) => words) }
}

for (const [rule, text, lines] of [
  [
    'a comment starts anywhere outside double quotes',
    'auth_pass ab#cd\npath /a!b\nx "a#b" # c',
    ['auth_pass|ab', 'path|/a', 'x|a#b'],
  ],
  ['a backslash keeps # and ! from starting one', 'auth_pass a\\#b\\!c', ['auth_pass|a#b!c']],
  ['double quotes make words, single quotes do not', `x a"b c"d 'e f'`, [`x|a|b c|d|'e|f'`]],
  [
    'braces end a logical line wherever they stand',
    'TCP_CHECK{\n} real_server a {\nv { 1.2.3.4 }\n{',
    ['TCP_CHECK|{', '}', 'real_server|a|{', 'v|{', '1.2.3.4|}', '{'],
  ],
  ['a line may end as on Windows, and the last one not at all', 'a 1\r\nb 2', ['a|1', 'b|2']],
  ['a brace between double quotes is a character', 'path "/{x}"', ['path|/{x}']],
  [
    'a definition is put in where it is used, the last value counting',
    '$A=1\nx $A ${A}b\n$A=2\nx $A',
    ['x|1|1b', 'x|2'],
  ],
  ['a definition may use others that come later', '$A=10.${B}\n$B=7\nx ${A}.1', ['x|10.7.1']],
  ['$NAME needs a blank, a comma or a parenthesis behind it', '$A=1\nx $A.1', ['x|$A.1']],
  [
    'a definition of several lines makes lines',
    '$V= \\\nvrrp_instance ${N} { \\\n  priority 1 \\\n}\n$N=a\n$V',
    ['vrrp_instance|a|{', 'priority|1', '}'],
  ],
  [
    'definitions nest, and bodies define',
    '$R= \\\n rs ${I} \\\n w 1\n$S= \\\n $I=1 \\\n $R \\\n $I=2 \\\n $R\n$S',
    ['rs|1', 'w|1', 'rs|2', 'w|1'],
  ],
  ['~SEQ counts', '~SEQ(N, 1, 3) ip 10.0.0.${N}', ['ip|10.0.0.1', 'ip|10.0.0.2', 'ip|10.0.0.3']],
  [
    '~SEQx counts in hexadecimal, down as well',
    '~SEQx(A, 0x12, -1, 0x10) fe80::${A}',
    ['fe80::12', 'fe80::11', 'fe80::10'],
  ],
  ['~SEQ starts at 1 by default', '~SEQ(N, 2) x ${N}', ['x|1', 'x|2']],
  ['~LST takes words, also in tuples', '~LST({I, J}, {1,2},{3,4}) x $I $J', ['x|1|2', 'x|3|4']],
  ['repetitions nest', '~LST(A, a, b) ~SEQ(N,1,2) x ${A}${N}', ['x|a1', 'x|a2', 'x|b1', 'x|b2']],
  ['${_HASH} and ${_BANG} are characters', 'x a${_HASH}b ${_BANG}', ['x|a#b|!']],
  ['${_PWD} is the directory of the file', 'x "${_PWD}/a"', ['x|/etc/keepalived/a']],
] as const) {
  test(`read: ${rule}`, () => {
    const result = read(text)
    assert.deepEqual(result.lines, lines)
    assert.deepEqual(result.codes, [])
  })
}

test('read: @id lines are kept for their machine, @^id lines for the others', () => {
  const text = '@high priority 2\n@low priority 1\n@^high x\n@^low y'
  assert.deepEqual(read(text, { configId: 'high' }).lines, ['priority|2', 'y'])
  assert.deepEqual(read(text).lines, ['x', 'y'])
})

test('read: a definition may hold a condition', () => {
  assert.deepEqual(read('$M=@main\n$M priority 1', { configId: 'main' }).lines, ['priority|1'])
  assert.deepEqual(read('$M=@main\n$M priority 1', { configId: 'other' }).lines, [])
})

test('read: ${_RANDOM} and ${_ENV} come from outside', () => {
  const options = { random: () => 0.5, environment: { HOME: '/root' } }
  assert.deepEqual(read('x ${_RANDOM 10 20} ${_ENV HOME}', options).lines, ['x|15|/root'])
})

test('read: include takes files by pattern, relative to the including file, in the middle of a block', () => {
  const include = {
    '/etc/keepalived/d/b.conf': 'b 1',
    '/etc/keepalived/d/a.conf': 'a 1\ninclude ../c',
    '/etc/keepalived/c': 'c 1',
  }
  assert.deepEqual(read('x {\ninclude d/*.conf\n}', {}, include).lines, ['x|{', 'a|1', 'c|1', 'b|1', '}'])
})

test('read: include knows alternatives', () => {
  const include = { '/etc/keepalived/b.conf': 'b 1', '/etc/keepalived/a.conf': 'a 1' }
  assert.deepEqual(read('include {b,a}.conf', {}, include).lines, ['b|1', 'a|1'])
  assert.deepEqual(read('include /etc/keepalived/{a,z}.conf', {}, include).codes, [])
  assert.deepEqual(read('includeb {a,z}.conf', {}, include).codes, ['no-file-to-include'])
})

test('read: include_check makes plain includes strict, in its own file only', () => {
  assert.deepEqual(read('include_check match\ninclude none').codes, ['no-file-to-include'])
  assert.deepEqual(read('include_check\ninclude_check -wildcard_match\ninclude none*').codes, ['nothing-included'])
  assert.deepEqual(read('include a\ninclude none', {}, { '/etc/keepalived/a': 'include_check match' }).codes, [
    'nothing-included',
  ])
})

test('read: a missing file matters to some forms of include', () => {
  assert.deepEqual(read('include none').codes, ['nothing-included'])
  assert.deepEqual(read('includem none').codes, ['no-file-to-include'])
  assert.deepEqual(read('includem none*').codes, ['nothing-included'])
  assert.deepEqual(read('includea none*').codes, ['no-file-to-include'])
})

for (const [what, text, include, code] of [
  ['a file that includes itself', `include ${FILE}`, {}, 'include-loop'],
  ['two that include each other', 'include a', { '/etc/keepalived/a': 'include keepalived.conf' }, 'include-loop'],
  ['a definition that names itself', '$A=${A}\nx $A', {}, 'endless-definition'],
  ['bodies that name each other', '$A= \\\n $B \\\n x\n$B= \\\n $A \\\n y\n$A', {}, 'endless-definition'],
  ['a sequence that never ends', '~SEQ(N, 1, 0, 9) x', {}, 'bad-repetition'],
  ['a sequence without end', '~SEQ(A,1,9999999) ~SEQ(B,1,9999999) x', {}, 'too-many-lines'],
  ['an unclosed quote', 'x "abc', {}, 'unclosed-quote'],
  ['an undefined name in braces', 'x ${NOPE}', {}, 'undefined-definition'],
  ['an undefined name without', 'x $NOPE', {}, 'literal-dollar'],
  ['a byte order mark', '\ufeffx 1', {}, 'byte-order-mark'],
  ['a line beyond the buffer of keepalived', `x ${'a'.repeat(1100)}`, {}, 'line-too-long'],
] as const) {
  test(`read: ${what} ends in ${code}`, () => assert.deepEqual([...new Set(read(text, {}, include).codes)], [code]))
}

test('read: a word from a definition stands where the definition does, and says where it was used', () => {
  const text = '$PRIO=150\npriority ${PRIO}'
  const word = read(text).words[1]!
  assert.equal(text.slice(word.start, word.end), '150')
  assert.equal(text.slice(word.via!.start, word.via!.end), '${PRIO}')
})

test('read: a file that is not there is a diagnostic', () => {
  assert.deepEqual(
    readConfiguration('/nope', { files: filesInMemory({}) }).diagnostics.map(({ code }) => code),
    ['unreadable-file'],
  )
})
