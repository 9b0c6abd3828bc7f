// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the braces of keepalived's definitions
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { awkwardFiles } from '../../test/corpus/corpus.ts'
import { renderAll } from '../diagnostics/render.ts'
import { filesInMemory } from './file-system.ts'
import { FILE, instanceWith, loadText, serviceWith } from './fixture.ts'
import { keepalivedTest } from './keepalived-test.ts'
import { loadConfiguration } from './load.ts'
import { configurationText, likelyText, mutationOf } from './sample.ts'

const SAMPLE = `$PRIO=150
global_defs {
    router_id LVS1 # name
    notification_email { a@b c@d }
}
vrrp_script chk {
    script "/bin/true 'a b'"
    weight -10
}
${instanceWith('    priority $PRIO', '    track_script { chk }', '    authentication {', '        auth_type PASS', '        auth_pass "a#b"', '    }')}
${serviceWith('    ~SEQ(N, 3, 9) real_server 10.0.0.${N} 80 { weight ${N}', '    persistence_timeout 50')}`

/**
 * For a long night, in little memory, with other texts than always:
 *   FUZZ_RUNS=250000 FUZZ_SEED=7 NODE_OPTIONS=--max-old-space-size=256 node scripts/test.js config/load
 */
const { FUZZ_RUNS = '1500', FUZZ_SEED = '2026' } = process.env
const options = { numRuns: Number(FUZZ_RUNS), seed: Number(FUZZ_SEED) }

/** It comes to an end, points inside the text, can be shown, and keepalived's own judgement survives it as well. */
function survives(text: string): void {
  const loaded = loadText(text, { madeLinesMax: 500, lenient: true })
  assert.ok(loaded.configuration !== undefined)
  for (const { span, notes } of loaded.diagnostics) {
    for (const { file, start, end } of [span, ...notes.map(note => note.span)]) {
      const length = loaded.sources.get(file)?.text.length
      if (length === undefined) continue
      assert.ok(start >= 0 && start <= end && end <= length + 1, `${start}-${end} of ${length}`)
    }
  }
  renderAll(loaded.diagnostics, loaded.sources)
  const { status } = keepalivedTest(FILE, { files: filesInMemory({ [FILE]: text }), madeLinesMax: 500 })
  assert.ok([0, 2, 5, 6].includes(status), String(status))
}

for (const [what, texts] of [
  ['anything', fc.string({ maxLength: 300, unit: 'binary' })],
  ['keywords in any order', configurationText],
  ['keywords where they belong', likelyText],
  ['small mistakes in a good file', mutationOf(SAMPLE)],
  ['small mistakes in the awkward files', fc.constantFrom(...awkwardFiles().values()).chain(mutationOf)],
] as const) {
  test(`loadConfiguration() survives ${what}`, () => {
    fc.assert(fc.property(texts, survives), options)
  })
}

for (const [what, text] of [
  ['a file that is nothing but opening braces', '{'.repeat(20_000)],
  ['a file that is nothing but closing braces', '}\n'.repeat(20_000)],
  ['blocks inside blocks', 'virtual_server 10.0.0.1 80 {\n'.repeat(20_000)],
  ['a keyword again and again', instanceWith(...Array.from({ length: 20_000 }, (_, i) => `priority ${i % 255}`))],
  ['one name for a great many instances', instanceWith().repeat(5000)],
  ['one line without end', `vrrp_instance ${'x'.repeat(2_000_000)} {`],
  ['a bomb of repetitions', '~SEQ(A, 1, 1000) ~SEQ(B, 1, 1000) ~SEQ(C, 1, 1000) real_server $A$B$C'],
  [
    'definitions that double',
    `$A0=xx\n${Array.from({ length: 60 }, (_, i) => `$A${i + 1}=\${A${i}}\${A${i}}\n`).join('')}$A60`,
  ],
  ['a definition of itself', '$A=$A $A\n$A\n'],
  ['a definition of itself sixty times over', `$A=${'$A '.repeat(60)}\n$A\n`],
  ['a body that uses itself twice', '$A= \\\n x $A \\\n y $A\n$A\n'],
] as const) {
  test(`loadConfiguration() survives ${what}`, () => survives(text))
}

test('loadConfiguration() gives no configuration where there are errors, unless it shall be lenient', () => {
  assert.equal(loadText(instanceWith('priorty 1')).configuration, undefined)
  assert.equal(loadText(instanceWith('priorty 1'), { lenient: true }).configuration?.vrrpInstances.length, 1)
  assert.equal(loadText(instanceWith('priority 1')).configuration?.vrrpInstances.length, 1)
})

test('loadConfiguration() of a file that is not there is an error without a throw', () => {
  const { configuration, diagnostics } = loadConfiguration('/nonexistent/keepalived.conf')
  assert.equal(configuration, undefined)
  assert.deepEqual(
    diagnostics.map(({ message }) => message),
    ['cannot read /nonexistent/keepalived.conf: no such file'],
  )
})
