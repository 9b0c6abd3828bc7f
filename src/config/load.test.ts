// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the braces of keepalived's definitions
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { renderAll } from '../diagnostics/render.ts'
import { instanceWith, loadText, serviceWith } from './fixture.ts'
import { loadConfiguration } from './load.ts'
import { configurationText, mutationOf } from './sample.ts'

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

/** It comes to an end, points inside the text, and can be shown. */
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
}

test('loadConfiguration() survives anything', () => {
  fc.assert(fc.property(fc.string({ maxLength: 300, unit: 'binary' }), survives), { numRuns: 1000, seed: 2026 })
})

test('loadConfiguration() survives keywords in any order', () => {
  fc.assert(fc.property(configurationText, survives), { numRuns: 2000, seed: 2026 })
})

test('loadConfiguration() survives small mistakes in a good file', () => {
  fc.assert(fc.property(mutationOf(SAMPLE), survives), { numRuns: 2000, seed: 2026 })
})

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
