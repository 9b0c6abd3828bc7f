// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the braces of keepalived's definitions
/** For tests: texts that look like configurations, and texts that look like nothing, from fast-check. */
import fc from 'fast-check'
import type { Table } from './keyword.ts'
import { ROOT } from './keywords/root.ts'

const KEYWORDS = keywordsOf(ROOT, new Set())
const VALUES = [
  '1',
  '255',
  '-3',
  '2s',
  '10.0.0.1',
  '10.0.0.1/24',
  'fe80::1',
  'eth0',
  'VI_1',
  'on',
  'MASTER',
  '"a b"',
  "'c",
  '"',
  'weight',
  'dev',
]
const PIECES = [
  '{',
  '}',
  '\n',
  '\n',
  '\n',
  ' ',
  '\t',
  '#',
  '!',
  '\\',
  '\\\n',
  '$A',
  '${A}',
  '${A',
  '$A=',
  '$B= \\\n',
  '@x ',
  '@^x ',
  '~SEQ(A,1,3) ',
  '~LST(A,b,c) ',
  '~SEQ(',
  'include ',
  '\r\n',
  '\0',
  '\ue000',
  '\u{1f600}',
]

/** Keywords, values and marks in any order: most of it nonsense, all of it possible. */
export const configurationText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...KEYWORDS) },
      { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
      { weight: 7, arbitrary: fc.constantFrom(...PIECES) },
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 60 },
  )
  .map(pieces => pieces.join(' '))

/** What could stand behind a keyword, going by how its documentation writes it; now and then something else. */
function valueFor(syntax: string): fc.Arbitrary<string> {
  const choices = (syntax.match(/[\w.-]+(?:\|[\w.-]+)+/g) ?? []).flatMap(found => found.split('|'))
  const numbers = /INTEGER|SECONDS|PORT|BITS|\bN\b/.test(syntax) ? ['0', '1', '3', '80', '255', '1.5'] : []
  const addresses = /ADDRESS|IP/.test(syntax)
    ? ['10.0.0.1', '10.0.0.1/24', '10.0.0.1-9', 'fe80::1', '2001:db8::1/64', '224.0.0.18']
    : []
  const likely = [...choices, ...numbers, ...addresses, 'VI_1', 'eth0', '']
  return fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...likely) },
    { weight: 1, arbitrary: fc.constantFrom(...VALUES, ...PIECES.filter(piece => piece !== '{' && piece !== '}')) },
  )
}

/** Blocks with keywords of their own, in their places, with values that could be meant: what gets past the grammar. */
export const likelyText: fc.Arbitrary<string> = fc
  .array(statementOf(ROOT, 0), { maxLength: 6 })
  .map(statements => statements.join('\n'))

function statementOf(table: Table, depth: number): fc.Arbitrary<string> {
  const keywords = [...table.keywords]
  return fc.constantFrom(...keywords).chain(([name, { body, table: inner, syntax }]) => {
    const values = fc.array(valueFor(syntax), { maxLength: 3 }).map(words => words.join(' '))
    if (body === 'line') return values.map(words => `${name} ${words}`)
    const inside: fc.Arbitrary<readonly string[]> =
      inner === undefined || depth > 3
        ? fc.array(values, { maxLength: 3 })
        : fc.array(statementOf(inner, depth + 1), { maxLength: 8 })
    return fc.tuple(values, inside).map(([words, lines]) => `${name} ${words} {\n${lines.join('\n')}\n}`)
  })
}

/** A text with a few characters or lines left out, doubled or moved. */
export function mutationOf(text: string): fc.Arbitrary<string> {
  const edit = fc.record({
    kind: fc.constantFrom('drop', 'double', 'insert', 'swap'),
    at: fc.nat(text.length),
    length: fc.integer({ min: 1, max: 40 }),
    piece: fc.constantFrom(...PIECES, ...VALUES),
  })
  return fc.array(edit, { minLength: 1, maxLength: 6 }).map(edits =>
    edits.reduce((current, { kind, at, length, piece }) => {
      const [before, part, after] = [current.slice(0, at), current.slice(at, at + length), current.slice(at + length)]
      if (kind === 'drop') return before + after
      if (kind === 'double') return before + part + part + after
      if (kind === 'insert') return before + piece + part + after
      return after.slice(0, length) + before + part + after.slice(length)
    }, text),
  )
}

function keywordsOf(table: Table, seen: Set<Table>): readonly string[] {
  if (seen.has(table)) return []
  seen.add(table)
  return [...table.keywords].flatMap(([name, keyword]) => [
    name,
    ...(keyword.table === undefined ? [] : keywordsOf(keyword.table, seen)),
  ])
}
