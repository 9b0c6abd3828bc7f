import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Configuration } from '../model/configuration.ts'
import { changesText, compareConfigurations } from './compare-configurations.ts'
import { instanceWith, loadText, serviceWith } from './fixture.ts'

function configurationOf(...texts: readonly string[]): Configuration {
  const { configuration } = loadText(texts.join('\n'), { lenient: true })
  return configuration!
}

const BEFORE = [instanceWith('priority 100'), serviceWith(), serviceWith().replace('10.0.0.1 80', '10.0.0.1 443')]
const SERVICES = BEFORE.slice(1)

for (const { what, after, text, parts } of [
  { what: 'the same text', after: BEFORE, text: '', parts: [] },
  {
    what: 'the same in another layout',
    after: BEFORE.map(each => `# a comment\n${each.replaceAll('    ', '\t')}`),
    text: '',
    parts: [],
  },
  {
    what: 'another priority',
    after: [instanceWith('priority 90'), ...SERVICES],
    text: 'vrrp_instance VI_1 changed',
    parts: ['vrrpInstances'],
  },
  {
    what: 'a server more',
    after: [BEFORE[0]!, serviceWith('real_server 10.0.0.3 80 { TCP_CHECK { } }'), BEFORE[2]!],
    text: 'virtual_server TCP 10.0.0.1:80 changed',
    parts: ['virtualServers'],
  },
  {
    what: 'a service less',
    after: BEFORE.slice(0, 2),
    text: 'virtual_server TCP 10.0.0.1:443 removed',
    parts: ['virtualServers'],
  },
  {
    what: 'an instance by another name',
    after: [BEFORE[0]!.replace('VI_1', 'VI_2'), ...SERVICES],
    text: 'vrrp_instance VI_2 added, vrrp_instance VI_1 removed',
    parts: ['vrrpInstances'],
  },
  {
    what: 'another script',
    after: ['vrrp_script chk {\nscript /bin/true\n}', ...BEFORE],
    text: 'vrrp_script changed',
    parts: ['scripts'],
  },
  {
    what: 'another order',
    after: [BEFORE[0]!, BEFORE[2]!, BEFORE[1]!],
    text: 'the order changed',
    parts: ['virtualServers'],
  },
]) {
  test(`compareConfigurations() of ${what}`, () => {
    const changes = compareConfigurations(configurationOf(...BEFORE), configurationOf(...after))
    assert.equal(changesText(changes), text)
    assert.deepEqual(changes.parts, parts)
  })
}

test('changesText() counts what is too much to name', () => {
  const many = Array.from({ length: 9 }, (_, i) => serviceWith().replace('10.0.0.1 80', `10.0.1.${i} 80`))
  const changes = compareConfigurations(configurationOf(), configurationOf(...many))
  assert.equal(changesText(changes), '9 virtual_servers added')
})
