// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the braces of keepalived's definitions
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { awkwardFiles } from '../../test/corpus/corpus.ts'
import { loadText } from './fixture.ts'
import { lex } from './lex.ts'
import type { Line } from './line.ts'
import { print } from './print.ts'
import { configurationText, likelyText, mutationOf } from './sample.ts'

test('print() lays statements out, one a line, and keeps comments', () => {
  const text = `! head


global_defs{router_id   x # name
  notification_email { a@b }}

vrrp_instance VI_1 # first
{
state BACKUP;

    virtual_ipaddress
    {
# the address
10.0.0.1   dev eth0
    } # end
}`
  assert.equal(
    print(text),
    `! head

global_defs {
    router_id x # name
    notification_email {
        a@b
    }
}

vrrp_instance VI_1 { # first
    state BACKUP;

    virtual_ipaddress {
        # the address
        10.0.0.1 dev eth0
    } # end
}
`,
  )
})

for (const [what, text, expected] of [
  ['quotes and what is in them', `notify "a  b"  'c  d'`, `notify "a  b" 'c  d'\n`],
  ['quoted words that touch', `notify a"b c"d`, `notify a"b c"d\n`],
  ['braces between quotes', `path "/{x}"`, `path "/{x}"\n`],
  [
    'braces of names and repetitions',
    'a {\nx ${B}\n~LST({I,J}, {1,2}) y $I\nz\n}',
    'a {\n    x ${B}\n    ~LST({I,J}, {1,2}) y $I\n    z\n}\n',
  ],
  ['alternatives of include', 'a {\ninclude {b,c}.conf\n}', 'a {\n    include {b,c}.conf\n}\n'],
  ['bodies of definitions', '$A= \\\n  x { \\\n    y\\\n  }\nz', '$A= \\\n  x { \\\n    y\\\n  }\nz\n'],
  ['one of two alternative openings', '@a x {\n@b y {\nz\n}', '@a x {\n@b y {\n    z\n}\n'],
  ['an apostrophe', "x it's  so # don't", "x it's so # don't\n"],
  ['nothing', '\n\n', ''],
] as const) {
  test(`print() keeps ${what}`, () => assert.equal(print(text), expected))
}

/** Words and braces in their order, whatever lines they stand on. */
function wordsOf(text: string): readonly string[] {
  const lines: Line[] = []
  for (let at = /^(?:[\s\ufeff]*\ufeff)?/.exec(text)![0].length; at < text.length; )
    at = lex({ file: '', text }, at, lines, true).next
  return lines
    .flatMap(({ words, brace }) => [...words.map(word => word.text), ...(brace === '' ? ['\n'] : [brace])])
    .filter((word, i, all) => word !== '\n' || (all[i + 1] !== '{' && all[i + 1] !== '}'))
}

const { FUZZ_RUNS = '1000', FUZZ_SEED = '2026' } = process.env

for (const [what, texts] of [
  ['any text', configurationText],
  ['a likely one', likelyText],
  ['the awkward files', fc.constantFrom(...awkwardFiles().values())],
  ['the awkward files with small mistakes', fc.constantFrom(...awkwardFiles().values()).chain(mutationOf)],
] as const) {
  test(`print() leaves the words of ${what} as they are, and has nothing to do a second time`, () => {
    fc.assert(
      fc.property(texts, text => {
        const printed = print(text)
        assert.deepEqual(wordsOf(printed), wordsOf(text))
        assert.equal(print(printed), printed)
      }),
      { numRuns: Number(FUZZ_RUNS), seed: Number(FUZZ_SEED) },
    )
  })
}

test('print() of a configuration means the same', () => {
  fc.assert(
    fc.property(fc.oneof(likelyText, fc.constantFrom(...awkwardFiles().values())), text => {
      const [before, after] = [text, print(text)].map(each => loadText(each, { lenient: true, madeLinesMax: 500 }))
      // Where braces are missing, how a block is mended depends on the lines.
      if (before?.diagnostics.some(({ code }) => /brace|block/.test(code))) return
      assert.deepEqual(after?.configuration, before?.configuration)
    }),
    { numRuns: Number(FUZZ_RUNS), seed: Number(FUZZ_SEED) },
  )
})
