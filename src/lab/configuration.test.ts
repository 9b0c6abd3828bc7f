import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesInMemory } from '../config/file-system.ts'
import { type Loaded, loadConfiguration } from '../config/load.ts'
import { hasErrors } from '../diagnostics/diagnostic.ts'
import { activeDownMs, directorConfiguration, faultyConfiguration, skewMs } from './configuration.ts'
import { VIP } from './topology.ts'

function load(text: string): Loaded {
  return loadConfiguration('/lab.conf', { files: filesInMemory({ '/lab.conf': text }) })
}

for (const director of ['lvs-master', 'lvs-backup'] as const) {
  test(`the configuration of ${director} is free of errors`, () => {
    const { configuration, diagnostics } = load(directorConfiguration(director))
    assert.equal(hasErrors(diagnostics), false)
    assert.deepEqual(configuration?.vrrpInstances[0]?.addresses[0]?.address, VIP)
    assert.equal(configuration?.virtualServers[0]?.realServers.length, 2)
  })
}

test("the article's fault is two braces that are missing", () => {
  const { diagnostics } = load(faultyConfiguration('lvs-master'))
  const sound = directorConfiguration('lvs-master')
  assert.equal(sound.split('}').length - faultyConfiguration('lvs-master').split('}').length, 2)
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code),
    ['missing-brace', 'missing-brace'],
  )
})

test('three intervals and a skew, as RFC 3768 section 6.1 has them', () => {
  assert.equal(activeDownMs('lvs-backup'), 3000 + (206 / 256) * 1000)
  assert.equal(skewMs('lvs-master'), (156 / 256) * 1000)
})
